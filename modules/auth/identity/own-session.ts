import { currentActor, Problem } from '#kernel';
import type { Actor } from '#kernel';
import { PersonNeeded } from './identity.problems.js';

/** An actor who is a person with a session. */
export type SessionOwner = Actor & { readonly userId: string; readonly sessionId: string };

/** The actor as a person with a session: what an API key has not. @throws Problem PersonNeeded */
export function ownSession(): SessionOwner {
  const actor = currentActor();
  const { userId, sessionId } = actor;
  if (!userId || !sessionId) throw new Problem(PersonNeeded);
  return { ...actor, userId, sessionId };
}

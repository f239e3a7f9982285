import { defineEvent } from '#kernel';

/** What every event of a session says. */
export interface SessionFacts {
  readonly userId: string;
  readonly sessionId: string;
}

export const SessionStarted = defineEvent<SessionFacts>({
  name: 'session.started',
  version: 1,
  summary: 'a user signed in',
});

export const SessionEnded = defineEvent<SessionFacts>({
  name: 'session.ended',
  version: 1,
  summary: 'a session was ended: signed out, revoked, or pushed out by a newer one',
});

export const SessionLockedEvent = defineEvent<SessionFacts>({
  name: 'session.locked',
  version: 1,
  summary: 'a user locked the session; one that idles too long is locked without an event',
});

export const SessionUnlocked = defineEvent<SessionFacts>({
  name: 'session.unlocked',
  version: 1,
  summary: 'a user unlocked the session with password or PIN, and it got another token',
});

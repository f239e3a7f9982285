import { defineEvent } from '#kernel';

/** What every event of a session says. */
export interface SessionFacts {
  readonly userId: string;
  readonly sessionId: string;
}

/** Where a session began; null is anywhere but at a shared terminal. */
export interface SessionBeginning extends SessionFacts {
  readonly terminalId: string | null;
}

export const SessionStarted = defineEvent<SessionBeginning>({
  name: 'session.started',
  version: 1,
  summary: 'a user signed in, with a PIN at a shared terminal or with a password anywhere',
});

export const SessionProven = defineEvent<SessionFacts & { readonly by: 'password' | 'code' }>({
  name: 'session.proven',
  version: 1,
  summary: 'the user of a session proved again to be who they are, and it got another token',
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

import { defineEvent } from '#kernel';

export const SessionStarted = defineEvent<{ userId: string; sessionId: string }>({
  name: 'session.started',
  version: 1,
  summary: 'a user signed in',
});

export const SessionEnded = defineEvent<{ userId: string; sessionId: string }>({
  name: 'session.ended',
  version: 1,
  summary: 'a user signed out',
});

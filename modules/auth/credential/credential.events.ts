import { defineEvent } from '#kernel';

export const PasswordChanged = defineEvent<{ userId: string }>({
  name: 'password.changed',
  version: 1,
  summary: 'a user’s password was set or changed; the hash is never in the event',
});

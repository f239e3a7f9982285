import { defineEvent } from '#kernel';

interface CredentialFacts {
  readonly userId: string;
}

export const PasswordChanged = defineEvent<CredentialFacts>({
  name: 'password.changed',
  version: 1,
  summary: 'a user’s password was set or changed; the hash is never in the event',
});

export const PasswordReset = defineEvent<CredentialFacts>({
  name: 'password.reset',
  version: 1,
  summary: 'a user was given an initial password, good for one sign-in',
});

export const PinChanged = defineEvent<CredentialFacts>({
  name: 'pin.changed',
  version: 1,
  summary: 'a user set or removed the PIN that unlocks a session',
});

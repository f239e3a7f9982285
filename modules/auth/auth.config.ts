import { choice, integer, list } from '#kernel';

/** What `auth` reads from the environment. */
export const authConfig = {
  SESSION_COOKIE_AGE_SECONDS: integer({
    summary: 'seconds after sign-in when a session ends, whatever happens',
    fallback: 28_800,
    min: 60,
    max: 2_592_000,
  }),
  SESSION_INACTIVITY_TIMEOUT_SECONDS: integer({
    summary: 'seconds without a request after which a session locks; password or PIN unlock it',
    fallback: 900,
    min: 1,
    max: 86_400,
  }),
  SESSION_MAX_PER_USER: integer({
    summary: 'sessions a user may have at once; a further sign-in ends the oldest',
    fallback: 10,
    min: 1,
    max: 100,
  }),
  STEP_UP_SECONDS: integer({
    summary: 'seconds for which a proof of identity is good for sensitive acts',
    fallback: 900,
    min: 30,
    max: 86_400,
  }),
  TOTP_REQUIRED_ROLES: list({
    summary: 'roles whose users must have an authenticator app, by commas; none for no role',
    fallback: ['admin'],
  }),
  TERMINAL_SESSION_AGE_SECONDS: integer({
    summary: 'seconds after which a session at a shared terminal ends: a work shift',
    fallback: 28_800,
    min: 60,
    max: 86_400,
  }),
  TERMINAL_INACTIVITY_TIMEOUT_SECONDS: integer({
    summary: 'seconds without a request after which a session at a shared terminal locks',
    fallback: 180,
    min: 1,
    max: 86_400,
  }),
  TERMINAL_MAX_AGE_DAYS: integer({
    summary: 'days after which a shared terminal must be registered again',
    fallback: 365,
    min: 1,
    max: 3650,
  }),
  PASSWORD_POLICY: choice({
    summary: 'rules of passwords: composition and age, or NIST SP 800-63B-4 (length and blocklist)',
    options: ['ofitec', 'nist-63b-4'],
    fallback: 'ofitec',
  }),
  PASSWORD_MIN_LENGTH: integer({
    summary:
      'characters of a password in the policy ofitec; nist-63b-4 demands 15 whatever it says',
    fallback: 12,
    min: 8,
    max: 64,
  }),
  PASSWORD_MAX_AGE_DAYS: integer({
    summary: 'days after which a password must be changed in the policy ofitec; 0 for never',
    fallback: 90,
    min: 0,
    max: 3650,
  }),
  PASSWORD_HISTORY: integer({
    summary: 'earlier passwords that may not come back in the policy ofitec',
    fallback: 12,
    min: 0,
    max: 50,
  }),
  PASSWORD_HASH_CONCURRENCY: integer({
    summary: 'passwords hashed at once, 19 MiB each; further ones wait',
    fallback: 4,
    min: 1,
    max: 64,
  }),
} as const;

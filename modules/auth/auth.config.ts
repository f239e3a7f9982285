import { integer } from '#kernel';

/** What `auth` reads from the environment. */
export const authConfig = {
  SESSION_COOKIE_AGE_SECONDS: integer({
    summary: 'seconds after sign-in when a session ends, whatever happens',
    fallback: 28_800,
    min: 60,
    max: 2_592_000,
  }),
} as const;

import type { Actor } from '#kernel';

/** A session that has just been proven; the token is shown this once. */
export interface Opened {
  readonly token: string;
  readonly expiresAt: Date;
  readonly actor: Actor;
}

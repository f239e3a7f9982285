import { createHash, randomBytes } from 'node:crypto';

/** `ofk_`, eight characters by which people know the key, and 256 random bits. */
const API_KEY = /^ofk_[a-z0-9]{8}_[\w-]{43}$/;

/** Whether a bearer says of itself that it is an API key. */
export function isApiKey(bearer: string): boolean {
  return API_KEY.test(bearer);
}

/** A new API key, and the part of it that may be shown afterwards. */
export function newApiKey(): { readonly secret: string; readonly prefix: string } {
  const prefix = `ofk_${randomBytes(4).toString('hex')}`;
  return { prefix, secret: `${prefix}_${randomBytes(32).toString('base64url')}` };
}

/** How the database knows an API key; 256 random bits need no slow hash. */
export function hashApiKey(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

import { createHmac, timingSafeEqual } from 'node:crypto';

/** How far a webhook's time may be from ours, either way (Standard Webhooks recommends 5 minutes). */
export const WEBHOOK_WINDOW_SECONDS = 300;

/** Signatures of one webhook that are looked at; a sender has two while it rotates. */
const MAX_SIGNATURES = 8;
const ID = /^[\x21-\x7e]{1,200}$/;
const SECONDS = /^\d{1,12}$/;

/** What a webhook says in its headers. */
export interface WebhookHeaders {
  readonly id: string;
  readonly timestamp: string;
  readonly signature: string;
}

export type WebhookFault = 'headers' | 'no-secret' | 'too-old' | 'too-new' | 'signature';

/**
 * Whether a body was signed by one of the secrets, lately (Standard Webhooks, symmetric `v1`:
 * HMAC-SHA256 of `id.timestamp.body`, base64).
 *
 * @param secrets `whsec_` and base64; all that are accepted, two while they are rotated
 * @returns what is wrong; null when nothing is
 */
export function webhookFault(
  secrets: readonly string[],
  { id, timestamp, signature }: WebhookHeaders,
  body: string,
  now: Date,
): WebhookFault | null {
  if (!ID.test(id) || !SECONDS.test(timestamp) || signature === '') return 'headers';
  if (secrets.length === 0) return 'no-secret';
  const age = Math.floor(now.getTime() / 1000) - Number(timestamp);
  const given = signature
    .split(' ', MAX_SIGNATURES)
    .filter((each) => each.startsWith('v1,'))
    .map((each) => Buffer.from(each.slice(3), 'base64'));
  const signed = `${id}.${timestamp}.${body}`;
  let isSigned = false;
  for (const secret of secrets) {
    const wanted = createHmac('sha256', keyOf(secret)).update(signed).digest();
    for (const each of given) {
      // Every pair is compared, so that the time tells neither which fitted nor how far.
      if (each.length === wanted.length && timingSafeEqual(each, wanted)) isSigned = true;
    }
  }
  if (!isSigned) return 'signature';
  if (age > WEBHOOK_WINDOW_SECONDS) return 'too-old';
  return age < -WEBHOOK_WINDOW_SECONDS ? 'too-new' : null;
}

/** The secrets of a name, of a list in which a name may stand more than once. */
export function webhookSecretsOf(secrets: string | undefined, name: string | null): string[] {
  if (name === null) return [];
  return (secrets ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each.startsWith(`${name}=`))
    .map((each) => each.slice(name.length + 1))
    .filter((each) => keyOf(each).length >= MIN_KEY_BYTES);
}

/** Standard Webhooks: between 24 and 64 bytes. A short one is no secret, and is not used. */
const MIN_KEY_BYTES = 24;

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
}

import { randomBytes } from 'node:crypto';
import { v7 } from 'uuid';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A new UUIDv7 (RFC 9562 §5.7). Made in Node because PostgreSQL 15 has no `uuidv7()`. */
export function newId(): string {
  return v7();
}

const SERIES = 256;

/**
 * Makes ids for a long series, each greater than the one before: random bytes are asked of the
 * system for many at a time, which is most of what an id costs.
 */
export function idSeries(): () => string {
  let pool = Buffer.alloc(0);
  let seq = 0;
  return () => {
    if (pool.length < 16) pool = randomBytes(16 * SERIES);
    const random = pool.subarray(0, 16);
    pool = pool.subarray(16);
    seq += 1;
    return v7({ random, seq, msecs: Date.now() });
  };
}

/** Whether the text is a UUID in the lower-case form that PostgreSQL prints. */
export function isId(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}

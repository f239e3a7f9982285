import { v7 } from 'uuid';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A new UUIDv7 (RFC 9562 §5.7). Made in Node because PostgreSQL 15 has no `uuidv7()`. */
export function newId(): string {
  return v7();
}

/** Whether the text is a UUID in the lower-case form that PostgreSQL prints. */
export function isId(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}

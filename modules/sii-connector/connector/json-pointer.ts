/** A token of a pointer: `~0` is `~`, `~1` is `/` (RFC 6901 §3). */
const POINTER = /^(\/([^~/\p{Cc}]|~[01])+){1,8}$/u;
const MAX_POINTER = 200;

/** Members that belong to JavaScript and not to data. */
const FORBIDDEN = ['__proto__', 'constructor', 'prototype'];

/** Whether it is a pointer to a member: at most eight deep, and never the whole document. */
export function isPointer(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > MAX_POINTER || !POINTER.test(value)) return false;
  return tokensOf(value).every((token) => !FORBIDDEN.includes(token));
}

/** What stands there; undefined where nothing does. */
export function followPointer(document: unknown, pointer: string): unknown {
  let value = document;
  for (const token of tokensOf(pointer)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, token))
      return undefined;
    if (Array.isArray(value) && !/^\d{1,6}$/.test(token)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[token];
  }
  return value;
}

/** Puts a value there; the objects on the way are made. */
export function placeAt(document: object, pointer: string, value: unknown): void {
  const tokens = tokensOf(pointer);
  const last = tokens.pop() ?? '';
  let at = document as Record<string, unknown>;
  for (const token of tokens) {
    if (!Object.hasOwn(at, token)) at[token] = {};
    at = at[token] as Record<string, unknown>;
  }
  at[last] = value;
}

function tokensOf(pointer: string): string[] {
  const tokens = pointer.split('/').slice(1);
  return tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

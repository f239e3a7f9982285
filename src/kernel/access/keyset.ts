import { PageLimitField, TextField } from '../http/fields.js';
import { Problem } from '../http/problem.js';
import { Malformed } from '../http/problems.js';
import { DEFAULT_LIMIT, MAX_CURSOR } from './list.js';
import type { Page } from './list.js';

/** What pages a report whose rows are sums and no records; {@link defineList} is for records. */
export class PageQuery {
  @PageLimitField()
  limit?: number;

  @TextField({ max: MAX_CURSOR, optional: true, description: 'cursor: `next` of the last page' })
  after?: string;
}

/**
 * Reads one page of a report.
 *
 * @param key what a row is sorted by, unique among the rows
 * @param isKey whether a cursor's texts can be such a key
 * @param read at most so many rows, in the order of the key and after it; from the first when it is empty
 * @throws Problem Malformed for what is no cursor of this report
 */
export async function readReport<T>(
  { limit = DEFAULT_LIMIT, after }: PageQuery,
  {
    key,
    isKey,
    read,
  }: {
    key: (row: T) => readonly string[];
    isKey: (texts: readonly string[]) => boolean;
    read: (after: readonly string[], limit: number) => Promise<T[]>;
  },
): Promise<Page<T>> {
  const from = after === undefined ? null : textsOf(after);
  if (after !== undefined && (from === null || !isKey(from))) {
    const [es, en] = ['no es un cursor de esta lista', 'is no cursor of this list'];
    throw new Problem(Malformed, { faults: [{ field: 'after', es, en }] });
  }
  const rows = await read(from ?? [], limit + 1);
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const next = rows.length > limit && last ? cursorOf(key(last)) : null;
  return { items, next };
}

function cursorOf(key: readonly string[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

function textsOf(cursor: string): string[] | null {
  try {
    const read = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown;
    return Array.isArray(read) && read.every(isStorable) ? read : null;
  } catch {
    return null;
  }
}

function isStorable(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0') && value.isWellFormed();
}

import type { Changes } from '../events/event.js';

const BOOKKEEPING = ['version', 'updatedAt'];

/** The record's own fields as JSON values, without the bookkeeping of its change. */
export function snapshotOf(record: object): Record<string, unknown> {
  const fields = Object.entries(record).filter(([field]) => !BOOKKEEPING.includes(field));
  return Object.fromEntries(fields.map(([field, value]) => [field, toJson(value)]));
}

/** The changed fields before and after; personal ones without their values. */
export function changesBetween(
  before: Readonly<Record<string, unknown>>,
  changed: readonly (readonly [string, unknown])[],
  personal: readonly string[],
): Changes {
  return Object.fromEntries(
    changed.map(([field, after]) => [
      field,
      personal.includes(field)
        ? { masked: true as const }
        : { before: before[field] ?? null, after },
    ]),
  );
}

function toJson(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  return Array.isArray(value) ? structuredClone(value) : (value ?? null);
}

import type { Changes, EventDefinition } from './event.js';

/** What an event says beside who, what and when. */
interface Content {
  readonly changes: Changes;
  readonly payload: Readonly<Record<string, unknown>>;
}

const MASKED = { masked: true } as const;

/**
 * The content of a stored event as somebody with these permissions may read it: the fields that
 * its definition restricts say only that they are there.
 *
 * @param definition null for an event whose addon is no longer installed; nothing restricts it
 */
export function contentFor(
  permissions: ReadonlySet<string>,
  definition: EventDefinition | null,
  { changes, payload }: Content,
): Content {
  const restricted = definition?.restricted;
  if (!restricted || permissions.has(restricted.permission)) return { changes, payload };
  const hides = (field: string): boolean => restricted.fields.includes(field);
  const masked = <T>(fields: Readonly<Record<string, T>>): Record<string, T | typeof MASKED> =>
    Object.fromEntries(
      Object.entries(fields).map(([field, value]) => [field, hides(field) ? MASKED : value]),
    );
  return { changes: masked(changes), payload: masked(payload) };
}

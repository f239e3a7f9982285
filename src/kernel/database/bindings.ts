import type { Query } from '../addon/installed.js';

/**
 * What stands on tables of others than an addon and binds whoever writes there, in words: triggers, constraints,
 * unique indexes, policies, and columns that want a value. Partitions have those of their table.
 */
const BINDINGS = `WITH others AS (
    SELECT oid, relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
      AND relkind IN ('r', 'p') AND NOT relispartition AND NOT starts_with(relname, $1))
  SELECT 'trigger ' || tgname || ' on ' || relname AS words FROM pg_trigger t JOIN others ON tgrelid = others.oid
    WHERE NOT tgisinternal AND ($2 OR age(t.xmin) <= 0)
  UNION SELECT 'constraint ' || conname || ' on ' || relname FROM pg_constraint c JOIN others ON conrelid = others.oid
    WHERE contype <> 'n' AND ($2 OR age(c.xmin) <= 0)
  UNION SELECT 'unique index ' || indexrelid::regclass || ' on ' || relname
    FROM pg_index i JOIN others ON indrelid = others.oid WHERE indisunique AND ($2 OR age(i.xmin) <= 0)
      AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND conrelid = indrelid)
  UNION SELECT 'policy ' || polname || ' on ' || relname FROM pg_policy p JOIN others ON polrelid = others.oid
    WHERE $2 OR age(p.xmin) <= 0
  UNION SELECT 'rule ' || rulename || ' on ' || relname FROM pg_rewrite r JOIN others ON ev_class = others.oid
    WHERE $2 OR age(r.xmin) <= 0
  UNION SELECT 'column ' || relname || '.' || attname || ' without a default'
    FROM pg_attribute a JOIN others ON attrelid = others.oid
    WHERE attnum > 0 AND attnotnull AND NOT atthasdef AND attidentity = '' AND NOT attisdropped
      AND ($2 OR age(a.xmin) <= 0)
  ORDER BY 1`;

/**
 * What the ambient transaction put on tables that do not begin with an addon's prefix: rows of the catalogue
 * whose own transaction is this one, or began within it.
 */
export async function bindingsMade(query: Query, prefix: string): Promise<string[]> {
  return wordsOf(query, prefix, false);
}

async function wordsOf(query: Query, prefix: string, all: boolean): Promise<string[]> {
  const rows = await query<{ words: string }>(BINDINGS, [`${prefix}_`, all]);
  return rows.map(({ words }) => words);
}

/** What an addon's migrations put on tables of others, as they wrote it down, as far as it still stands. */
export async function bindingsOf(query: Query, addon: string, prefix: string): Promise<string[]> {
  const rows = await query<{ binds: string[] }>(
    'SELECT binds FROM kernel_migration WHERE addon = $1 AND cardinality(binds) > 0 ORDER BY name',
    [addon],
  );
  const told = rows.flatMap(({ binds }) => binds);
  if (told.length === 0) return [];
  const standing = new Set(await wordsOf(query, prefix, true));
  return told.filter((words) => words.startsWith(CONTRACT) || standing.has(words));
}

const CONTRACT = 'contract ';

/** A migration that takes something away, as {@link bindingsOf} tells it. */
export function contractBinding(migration: string): string {
  return `${CONTRACT}${migration}`;
}

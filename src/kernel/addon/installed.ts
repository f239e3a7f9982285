import type { Addon } from './addon.js';

/** An event that a handler waits for. */
export interface Hearing {
  readonly event: string;
  /** `<addon>/<Class>.<method>` */
  readonly handler: string;
}

/** What the code that brought an addon in left for code that does not have it, beside its version. */
export interface Absence {
  /** The version of the house with which it came: older code cannot have it. Null where that was not written down. */
  readonly since: string | null;
  /** What is asked of who serves without it, each beginning with a word; see `HONOURED` in absence.ts. */
  readonly asks: readonly string[];
  readonly hears: readonly Hearing[];
}

/** What the database says of one addon. */
export interface InstalledAddon {
  readonly name: string;
  readonly version: string;
  /** The oldest version of its code that may run over its tables: nothing that contracts came since. */
  readonly servesFrom: string;
  readonly installedAt: Date;
  /** Names of the addons it needed when it was installed; known even without its code. */
  readonly depends: readonly string[];
  /** What code without it is to do; null where an older release recorded it. */
  readonly absence: Absence | null;
}

/** One migration of one addon that the database does not have yet. */
export interface PendingMigration {
  readonly addon: string;
  readonly migration: string;
}

export type Query = <R>(sql: string, parameters?: unknown[]) => Promise<R[]>;

/** Makes the two tables that tell what is installed, if they are missing. Owner role only. */
export async function ensureRecords(query: Query): Promise<void> {
  await query(`CREATE TABLE IF NOT EXISTS kernel_addon (
    name text PRIMARY KEY,
    version text NOT NULL,
    installed_at timestamptz(3) NOT NULL,
    depends text[] NOT NULL,
    retention jsonb NOT NULL DEFAULT '{}',
    serves_from text,
    absence jsonb
  )`);
  await addColumn(query, 'kernel_addon', 'retention', `jsonb NOT NULL DEFAULT '{}'`);
  await addColumn(query, 'kernel_addon', 'serves_from', 'text');
  await addColumn(query, 'kernel_addon', 'absence', 'jsonb');
  await query(`CREATE TABLE IF NOT EXISTS kernel_migration (
    addon text NOT NULL,
    name text NOT NULL,
    applied_at timestamptz(3) NOT NULL,
    binds text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (addon, name)
  )`);
  await addColumn(query, 'kernel_migration', 'binds', `text[] NOT NULL DEFAULT '{}'`);
  await query('GRANT SELECT ON kernel_addon, kernel_migration TO ofitec_app, ofitec_readonly');
}

/** Asked first: to alter a table waits for everybody who reads it. */
async function addColumn(query: Query, table: string, name: string, type: string): Promise<void> {
  const [older] = await query(
    `SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = $1::regclass
       AND attname = $2 AND NOT attisdropped)`,
    [table, name],
  );
  if (older) await query(`ALTER TABLE ${table} ADD COLUMN ${name} ${type}`);
}

/** The installed addons by name; null when the database was never migrated. */
export async function readInstalled(query: Query): Promise<InstalledAddon[] | null> {
  const [found] = await query<{ table: string | null }>(
    `SELECT to_regclass('public.kernel_addon')::text AS "table"`,
  );
  if (!found?.table) return null;
  return query<InstalledAddon>(
    // As JSON: a database that an older release migrated has no such column yet.
    `SELECT name, version, installed_at AS "installedAt", depends,
       coalesce(to_jsonb(kernel_addon) ->> 'serves_from', version) AS "servesFrom",
       to_jsonb(kernel_addon) -> 'absence' AS absence
     FROM kernel_addon ORDER BY name`,
  );
}

/** What the given addons still have to migrate, in the order in which it will happen. */
export async function pendingMigrations(
  query: Query,
  addons: readonly Addon[],
): Promise<PendingMigration[]> {
  const applied = await query<{ id: string }>(
    `SELECT addon || '/' || name AS id FROM kernel_migration`,
  );
  const done = new Set(applied.map((row) => row.id));
  return addons.flatMap((addon) =>
    addon.migrations
      .map((migration) => ({ addon: addon.name, migration: migrationName(new migration()) }))
      .filter((pending) => !done.has(`${pending.addon}/${pending.migration}`)),
  );
}

/** Whether the installed version is newer than the code's. */
export function isNewer(installed: string, code: string): boolean {
  const [a, b] = [installed, code].map((version) => version.split('.').map(Number));
  const index = a?.findIndex((part, i) => part !== b?.[i]) ?? -1;
  return index >= 0 && (a?.[index] ?? 0) > (b?.[index] ?? 0);
}

/** The stable name of a migration. */
export function migrationName(migration: { readonly name?: string }): string {
  if (!migration.name) throw new Error(`A migration has no name: ${migration.constructor.name}`);
  return migration.name;
}

import type { Addon } from './addon.js';

/** What the database says of one addon. */
export interface InstalledAddon {
  readonly name: string;
  readonly version: string;
  readonly installedAt: Date;
  /** Names of the addons it needed when it was installed; known even without its code. */
  readonly depends: readonly string[];
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
    depends text[] NOT NULL
  )`);
  await query(`CREATE TABLE IF NOT EXISTS kernel_migration (
    addon text NOT NULL,
    name text NOT NULL,
    applied_at timestamptz(3) NOT NULL,
    PRIMARY KEY (addon, name)
  )`);
  await query('GRANT SELECT ON kernel_addon, kernel_migration TO ofitec_app, ofitec_readonly');
}

/** The installed addons by name; null when the database was never migrated. */
export async function readInstalled(query: Query): Promise<InstalledAddon[] | null> {
  const [found] = await query<{ table: string | null }>(
    `SELECT to_regclass('public.kernel_addon')::text AS "table"`,
  );
  if (!found?.table) return null;
  return query<InstalledAddon>(
    'SELECT name, version, installed_at AS "installedAt", depends FROM kernel_addon ORDER BY name',
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

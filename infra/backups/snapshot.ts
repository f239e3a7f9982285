import { clientTo } from '#kernel';
import type { Client } from 'pg';
import type { ChainHead, Manifest, Role, TableFigures } from './manifest.js';

/** So that a value is written alike wherever it is read. */
const SETTINGS = `SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres';
  SET bytea_output = 'hex'; SET extra_float_digits = 1; SET statement_timeout = 0;
  SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '60s'; SET row_security = off`;

const TABLES = `SELECT n.nspname AS schema, c.relname AS name,
    ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
      AND NOT a.attisdropped AND a.atttypid = 'bigint'::regtype ORDER BY a.attname) AS amounts
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND c.relpersistence <> 't'
    AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
  ORDER BY 1, 2`;

const ROLES = `SELECT r.rolname AS name, r.rolcanlogin AS login,
    ARRAY(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
      WHERE m.member = r.oid AND g.rolname NOT LIKE 'pg\\_%' ORDER BY 1) AS "memberOf"
  FROM pg_roles r WHERE r.rolname NOT LIKE 'pg\\_%' AND NOT r.rolsuper ORDER BY 1`;

const DATABASE = `SELECT current_database() AS name,
    (SELECT system_identifier::text FROM pg_control_system()) AS "systemId",
    current_setting('server_version') AS "serverVersion", datcollate AS collate, datctype AS ctype,
    pg_snapshot_xmax(pg_current_snapshot())::text AS "nextTransaction", now() AS "takenAt"
  FROM pg_database WHERE datname = current_database()`;

const CHAIN = `SELECT DISTINCT ON (company_id) company_id AS "companyId", number::float8 AS number,
    encode(hash, 'hex') AS hash
  FROM audit_block ORDER BY company_id, number DESC`;

/** A moment of a database, held open for as long as it is needed. */
export class Snapshot {
  private constructor(private readonly client: Client) {}

  /**
   * Opens one and runs work in it; nothing that is committed meanwhile is seen.
   *
   * @throws Error when the database cannot be reached, or hides rows from this login
   */
  static async open<T>(url: string, work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    const client = clientTo(url, {
      connectionTimeoutMillis: 10_000,
      application_name: 'ofitec backup',
      keepAlive: true,
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query(SETTINGS);
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      return await work(new Snapshot(client));
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** The name under which pg_dump sees the same. */
  async name(): Promise<string> {
    const [row] = await this.rows<{ name: string }>('SELECT pg_export_snapshot() AS name');
    return row?.name ?? '';
  }

  /** What the manifest says beside figures and dump. @throws Error when this is no house of OFITEC */
  async facts(): Promise<
    Pick<
      Manifest,
      'takenAt' | 'database' | 'nextTransaction' | 'addons' | 'migrations' | 'roles' | 'audit'
    >
  > {
    const [found] = await this.rows<
      Manifest['database'] & { nextTransaction: string; takenAt: Date }
    >(DATABASE);
    if (!found || !(await this.has('kernel_addon'))) {
      throw new Error(`The database ${found?.name ?? ''} is none of OFITEC: nothing was dumped.`);
    }
    const { nextTransaction, takenAt, ...database } = found;
    const addons = await this.rows<{ name: string; version: string }>(
      'SELECT name, version FROM kernel_addon ORDER BY name',
    );
    const migrations = await this.rows<{ name: string }>(
      `SELECT addon || '/' || name AS name FROM kernel_migration ORDER BY addon, name`,
    );
    const [company] = await this.rows<{ id: string }>(
      'SELECT id FROM kernel_company ORDER BY created_at, id LIMIT 1',
    );
    return {
      ...{ nextTransaction, takenAt: takenAt.toISOString() },
      database: { ...database, installation: company?.id ?? '' },
      addons: Object.fromEntries(addons.map(({ name, version }) => [name, version])),
      migrations: migrations.map(({ name }) => name),
      roles: await this.rows<Role>(ROLES),
      audit: (await this.has('audit_block')) ? await this.rows<ChainHead>(CHAIN) : [],
    };
  }

  /** Rows, digest and sums of every table. @param progress told each table before it is read */
  async figures(progress: (table: string) => void): Promise<Record<string, TableFigures>> {
    const tables = await this.rows<{ schema: string; name: string; amounts: string[] }>(TABLES);
    const figures: Record<string, TableFigures> = {};
    for (const { schema, name, amounts } of tables) {
      progress(`${schema}.${name}`);
      const from = `${this.client.escapeIdentifier(schema)}.${this.client.escapeIdentifier(name)}`;
      const sums = amounts.map((each, n) => {
        const column = this.client.escapeIdentifier(each);
        return `, coalesce(sum(t.${column}::numeric), 0)::text AS sum_${n}`;
      });
      const [row] = await this.rows<Record<string, string>>(
        `SELECT count(*)::text AS rows,
           coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text AS digest${sums.join('')}
         FROM ONLY ${from} t`,
      );
      figures[`${schema}.${name}`] = {
        rows: row?.['rows'] ?? '0',
        digest: row?.['digest'] ?? '0',
        sums: Object.fromEntries(amounts.map((each, n) => [each, row?.[`sum_${n}`] ?? '0'])),
      };
    }
    return figures;
  }

  /** Those heads of chains that this database does not hold as they are told. */
  async missing(heads: readonly ChainHead[]): Promise<ChainHead[]> {
    const missing: ChainHead[] = [];
    for (const head of heads) {
      const rows = await this.rows(
        `SELECT 1 FROM audit_block WHERE company_id = $1 AND number = $2 AND hash = decode($3, 'hex')`,
        [head.companyId, head.number, head.hash],
      );
      if (rows.length === 0) missing.push(head);
    }
    return missing;
  }

  private async has(table: string): Promise<boolean> {
    const [row] = await this.rows<{ is: boolean }>('SELECT to_regclass($1) IS NOT NULL AS is', [
      `public.${table}`,
    ]);
    return row?.is ?? false;
  }

  private async rows<R extends object>(sql: string, values: unknown[] = []): Promise<R[]> {
    return (await this.client.query<R>(sql, values)).rows;
  }
}

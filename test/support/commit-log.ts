import { randomBytes } from 'node:crypto';
import { Client as Connection } from 'pg';
import type { House } from './house.js';

/** A row as a transaction left it: PostgreSQL's text of each column, null for NULL. */
export interface Change {
  readonly table: string;
  readonly kind: 'INSERT' | 'UPDATE' | 'DELETE';
  readonly row: Readonly<Record<string, string | null>>;
}

/** A transaction that committed. */
export interface Commit {
  readonly transaction: string;
  readonly changes: readonly Change[];
}

const CHANGE = /^table public\.(\w+): (INSERT|UPDATE|DELETE): (?:old-key: .* new-tuple: )?/;
// name[type]:value, where a type may have brackets of its own and a text may hold anything.
const COLUMN = /(\w+)\[(?:[^[\]]|\[\])*\]:('(?:[^']|'')*'|[^ ]+)(?: |$)/gy;

/**
 * Every commit of a database in the order in which they were made, read from PostgreSQL's own log
 * by logical decoding: none is missed, as one that looks from time to time would.
 */
export class CommitLog {
  private constructor(
    private readonly connection: Connection,
    private readonly slot: string,
  ) {}

  /** Follows a house's database from now on. Close it before the house. */
  static async follow(house: House): Promise<CommitLog> {
    const connection = new Connection({ connectionString: house.urls.superuser });
    await connection.connect();
    const slot = `test_${randomBytes(6).toString('hex')}`;
    await connection.query(`SELECT pg_create_logical_replication_slot($1, 'test_decoding')`, [
      slot,
    ]);
    return new CommitLog(connection, slot);
  }

  /** The commits since the last call. */
  async next(): Promise<Commit[]> {
    const { rows } = await this.connection.query<{ data: string }>(
      `SELECT data FROM pg_logical_slot_get_changes($1, NULL, NULL, 'skip-empty-xacts', '1')`,
      [this.slot],
    );
    const commits: Commit[] = [];
    let changes: Change[] = [];
    for (const { data } of rows) {
      if (data.startsWith('BEGIN')) changes = [];
      else if (data.startsWith('COMMIT')) commits.push({ transaction: data.slice(7), changes });
      else changes.push(...read(data));
    }
    return commits;
  }

  async close(): Promise<void> {
    await this.connection.query('SELECT pg_drop_replication_slot($1)', [this.slot]);
    await this.connection.end();
  }
}

function read(line: string): Change[] {
  const head = CHANGE.exec(line);
  if (!head?.[1]) return [];
  const row: Record<string, string | null> = {};
  COLUMN.lastIndex = head[0].length;
  for (let found = COLUMN.exec(line); found; found = COLUMN.exec(line)) {
    const [, name = '', value = ''] = found;
    row[name] = value.startsWith("'")
      ? value.slice(1, -1).replaceAll("''", "'")
      : value === 'null'
        ? null
        : value;
  }
  return [{ table: head[1], kind: head[2] as Change['kind'], row }];
}

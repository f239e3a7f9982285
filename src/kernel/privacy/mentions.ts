import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { ownWordsOf } from './own-words.js';
import type { Mention, Person } from './personal-data.js';

interface TextTable {
  readonly name: string;
  readonly columns: readonly string[];
  /** Type of its column `id`; null where it has none. */
  readonly idType: string | null;
}

interface Looked {
  readonly table: TextTable;
  readonly mentions: readonly Mention[];
}

/** A table's rows that are told of; more of them are looked for again when the others are gone. */
const MOST_ROWS = 1_000;
const PATIENCE = { statementMs: 600_000, lockMs: 60_000 };

/** Every column in which a text can stand, of every table with companies that the application reads. */
const TABLES = `SELECT c.relname AS name, array_agg(quote_ident(a.attname) ORDER BY a.attnum) AS columns,
    (SELECT format_type(i.atttypid, NULL) FROM pg_attribute i
      WHERE i.attrelid = c.oid AND i.attname = 'id' AND NOT i.attisdropped) AS "idType"
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND a.attnum > 0 AND NOT a.attisdropped
    AND a.atttypid IN ('text'::regtype, 'varchar'::regtype, 'text[]'::regtype, 'json'::regtype, 'jsonb'::regtype)
    AND EXISTS (SELECT FROM pg_attribute k WHERE k.attrelid = c.oid AND k.attname = 'company_id')
    AND has_table_privilege(c.oid, 'SELECT')
  GROUP BY c.oid, c.relname ORDER BY c.relname`;

/**
 * Texts that name a person, wherever they stand: what an erasure leaves because the law keeps it or because it
 * belongs to no record of the person is listed, so that somebody can look at it.
 */
@Injectable()
export class Mentions {
  constructor(private readonly database: Database) {}

  /** Whether a text names the person. */
  async isIn(text: string, person: Person): Promise<boolean> {
    const { mention } = ownWordsOf(person);
    if (mention === null) return false;
    const [row] = await this.database.rows<{ is: boolean }>('SELECT $1::text ~* $2 AS is', [
      ...[text, mention],
    ]);
    return row?.is ?? false;
  }

  /**
   * Looks through every text of the context's company while the person is still known, lets the work take
   * out what it may, and looks again at what was found.
   *
   * @returns what the work returned, and the rows that still name the person
   */
  async leftBy<T>(
    person: Person,
    work: () => Promise<T>,
  ): Promise<{ done: T; mentions: readonly Mention[] }> {
    const { mention } = ownWordsOf(person);
    if (mention === null) return { done: await work(), mentions: [] };
    await this.database.takeTime(PATIENCE);
    const before: Looked[] = [];
    for (const table of await this.database.rows<TextTable>(TABLES)) {
      const mentions = await this.look(table, mention, null);
      if (mentions.length > 0) before.push({ table, mentions });
    }
    const done = await work();
    const left: Mention[] = [];
    for (const { table, mentions } of before) {
      const isAll = mentions.length === MOST_ROWS || table.idType === null;
      left.push(...(await this.look(table, mention, isAll ? null : mentions)));
    }
    return { done, mentions: left };
  }

  private async look(
    { name, columns, idType }: TextTable,
    pattern: string,
    among: readonly Mention[] | null,
  ): Promise<Mention[]> {
    const named = columns.map((column) => `CASE WHEN ${column}::text ~* $2 THEN '${column}' END`);
    const rows = await this.database.rowsByPlan<{ id: string | null; found: string }>(
      `SELECT ${idType === null ? 'NULL' : 'id::text'} AS id, concat_ws(', ', ${named.join(', ')}) AS found
       FROM ${name} WHERE company_id = $1 AND concat_ws(E'\\n', ${columns.join(', ')}) ~* $2
         ${among ? `AND id = ANY($3::${idType}[])` : ''} LIMIT ${MOST_ROWS}`,
      [this.database.companyId, pattern, ...(among ? [among.map(({ id }) => id)] : [])],
    );
    return rows.map(({ id, found }) => ({ where: found ? `${name}.${found}` : name, id }));
  }
}

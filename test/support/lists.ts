import { PATH_METADATA } from '@nestjs/common/constants.js';
import { controllersOf, Database, methodsOf, Records, runInContext } from '#kernel';
import type { Actor, Addon, CompanyRow, ListDefinition } from '#kernel';
import { LIST } from '../../src/kernel/http/answers.js';
import type { House } from './house.js';

type AnyList = ListDefinition<CompanyRow>;
type Query = Readonly<Record<string, string>>;

/** Rows that PostgreSQL fetched, by whatever way, in this transaction. */
const FETCHED = `SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::float8 AS n
  FROM pg_stat_xact_user_tables`;

/** Often enough for PostgreSQL to settle for a plan that it keeps. */
const WARMING = 8;

/** Fewer rows than this are a page of the table: reading them all is no waste. */
const SMALL = 40;

/**
 * Every list that the addons' routes give, by the name of its entity. One below a record's own
 * address is bounded by that record.
 */
export function listsOf(addons: readonly Addon[]): ReadonlyMap<string, AnyList> {
  const lists = addons
    .flatMap(controllersOf)
    .flatMap(methodsOf)
    .filter(({ method }) => !String(Reflect.getMetadata(PATH_METADATA, method)).includes(':'))
    .map(({ method }) => Reflect.getMetadata(LIST, method) as AnyList | undefined)
    .filter((list) => list !== undefined);
  return new Map(lists.map((list) => [list.entity.name, list]));
}

/** Looks at what lists cost: how many rows are fetched for those that are given. */
export class ListProbe {
  constructor(
    private readonly house: House,
    private readonly actor: Actor,
  ) {}

  /**
   * Everything that can be asked of a list with one filter or one order.
   *
   * @returns the questions for which more than `slack` rows were fetched beside those given, or
   *   a third of a small table
   */
  async wasteful(list: AnyList, slack: number): Promise<string[]> {
    const found: string[] = [];
    const allowed = Math.max(SMALL, Math.min(slack, (await this.sizeOf(list)) / 3));
    const ask = async (query: Query): Promise<string | null> => {
      const { fetched, given, next } = await this.ask(list, query);
      if (fetched > given + allowed) {
        found.push(`${list.entity.name} ${JSON.stringify(query)}: ${fetched} rows for ${given}`);
      }
      return next;
    };
    for (const sort of list.sorts.flatMap((name) => [name, `-${name}`])) {
      let after: string | null = null;
      for (let page = 0; page < 6; page += 1) {
        after = await ask({ sort, ...(after ? { after } : {}) });
        if (after === null) break;
      }
    }
    for (const name of Object.keys(list.filters)) {
      const { common, others } = await this.valuesOf(list, name);
      for (let time = 0; time < WARMING; time += 1) {
        if (common !== null) await this.ask(list, { [name]: common });
      }
      for (const value of [...(common === null ? [] : [common]), ...others]) {
        await ask({ [name]: value });
      }
      const beyond = {
        integer: '2147483647',
        instant: '2099-01-01T00:00:00Z',
        day: '2099-01-01',
      };
      const last = beyond[list.filters[name as keyof CompanyRow] as keyof typeof beyond];
      if (last) await ask({ [`${name}.gte`]: last });
    }
    return found;
  }

  /** How many rows are fetched for some work of the house. */
  costOf(work: () => Promise<unknown>): Promise<number> {
    return this.inside(async (database) => {
      const before = await fetched(database);
      await work();
      return (await fetched(database)) - before;
    });
  }

  private ask(
    list: AnyList,
    query: Query,
  ): Promise<{ fetched: number; given: number; next: string | null }> {
    return this.inside(async (database) => {
      const before = await fetched(database);
      const records = this.house.app.get(Records, { strict: false });
      const page = await records.page(list, query);
      return {
        fetched: (await fetched(database)) - before,
        given: page.items.length,
        next: page.next,
      };
    });
  }

  private sizeOf(list: AnyList): Promise<number> {
    return this.inside(async (database) => {
      const { tableName } = database.manager.connection.getMetadata(list.entity);
      const [row] = await database.rows<{ n: number }>(
        `SELECT count(*)::float8 AS n FROM ${tableName}`,
      );
      return row?.n ?? 0;
    });
  }

  /** The value that most rows have; one that few have, and one that none has. */
  private async valuesOf(
    list: AnyList,
    property: string,
  ): Promise<{ common: string | null; others: string[] }> {
    const kind = list.filters[property as keyof CompanyRow];
    const values = await this.inside(async (database) => {
      const { connection } = database.manager;
      const { tableName, columns } = connection.getMetadata(list.entity);
      const column = columns.find((each) => each.propertyName === property)?.databaseName;
      const text =
        kind === 'instant'
          ? `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
          : `${column}::text`;
      return database.rows<{ value: string }>(
        `SELECT ${text} AS value FROM ${tableName} WHERE ${column} IS NOT NULL
         GROUP BY ${column} ORDER BY count(*) DESC, ${column}`,
      );
    });
    const absent = {
      ...{ id: '00000000-0000-7000-8000-00000000abcd', text: 'no existe', integer: '-1' },
      ...{ instant: '1990-01-01T00:00:00Z', day: '1990-01-01', boolean: 'false' },
    };
    const none = Array.isArray(kind)
      ? [...(kind as readonly string[])]
      : [absent[kind as keyof typeof absent]];
    const rare = values.at(-1);
    return {
      common: values[0]?.value ?? null,
      others: [...(rare ? [rare.value] : []), ...none],
    };
  }

  private inside<T>(work: (database: Database) => Promise<T>): Promise<T> {
    const database = this.house.app.get(Database);
    const context = { requestId: 'probe', ip: null, language: 'es' as const, actor: this.actor };
    return runInContext(context, () =>
      database.transaction(async () => {
        // What parallel workers fetch is counted elsewhere; and a table that is small as yet would
        // be read whole although an index is there.
        await database.rows('SET LOCAL max_parallel_workers_per_gather = 0');
        await database.rows('SET LOCAL enable_seqscan = off');
        return work(database);
      }),
    );
  }
}

async function fetched(database: Database): Promise<number> {
  const [row] = await database.rows<{ n: number }>(FETCHED);
  return row?.n ?? 0;
}

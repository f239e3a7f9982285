import { Client as Connection } from 'pg';
import type { QueryResultRow } from 'pg';
import * as sql from './past-sql.js';
import type { PastPlace } from './past-sql.js';

/** What a company's past until yesterday amounts to. */
export interface Past {
  readonly payments: number;
  readonly orders: number;
  readonly sessions: number;
  readonly events: number;
  readonly branches: number;
  readonly days: number;
  /** One of the branches. */
  readonly branchId: string;
}

/** Three years; a larger past is one of more branches. */
const MAX_DAYS = 1_095;
/** Branch days in one transaction: 90,000 payments and all that goes with them. */
const CHUNK = 500;

/**
 * Gives the demo company a past of about so many payments, written by the server itself: branches
 * with registers and cashiers, customers, orders with their lines, sessions, payments, roundings,
 * movements, cuts, the keys of the last three days, and the events that tell of it all, in the
 * partitions of their months. Rows come in the order of time, as they do in a shop; indexes that
 * guard nothing are built at the end, which takes a third of the time. The figures agree, so that
 * the nightly check of the ledger finds nothing; only the hashes of the cuts are blanks.
 *
 * As the owner every foreign key is checked; a superuser skips that and takes half the time.
 *
 * @param report told from time to time how many payments are written
 */
export async function livePast(
  url: string,
  payments: number,
  report: (written: number) => void = () => {},
): Promise<Past> {
  const connection = new Connection({ connectionString: url });
  await connection.connect();
  const run = async <R extends QueryResultRow>(text: string, values?: unknown[]): Promise<R[]> =>
    (await connection.query<R>(text, values)).rows;
  try {
    const branchDays = Math.ceil(payments / sql.PAYMENTS_A_DAY);
    const branches = Math.ceil(branchDays / MAX_DAYS);
    const days = Math.ceil(branchDays / branches);
    const [me] = await run<{ superuser: boolean }>(
      'SELECT rolsuper AS superuser FROM pg_roles WHERE rolname = current_user',
    );
    if (me?.superuser) await run('SET session_replication_role = replica');
    await run('SET synchronous_commit = off');
    await run(`SET maintenance_work_mem = '512MB'`);
    const place = await prepare(run, branches, days);
    const indexes = await run<{ name: string; definition: string }>(sql.INDEXES);
    for (const { name } of indexes) await run(`DROP INDEX ${name}`);
    for (let from = 0; from < branches * days; from += CHUNK) {
      const to = Math.min(from + CHUNK, branches * days);
      await run('BEGIN');
      for (const statement of sql.statementsOf(place)) {
        await run(statement, statement.includes('$1') ? [from, to] : []);
      }
      await run('COMMIT');
      report(to * sql.PAYMENTS_A_DAY);
    }
    for (const statement of sql.closing(place)) await run(statement);
    for (const { definition } of indexes) await run(definition);
    await run('VACUUM ANALYZE');
    return await count(run, branches, days);
  } finally {
    await connection.end();
  }
}

type Run = <R extends QueryResultRow>(text: string, values?: unknown[]) => Promise<R[]>;

async function prepare(run: Run, branches: number, days: number): Promise<PastPlace> {
  const [company] = await run<{ id: string; service: string }>(
    `SELECT c.id, (SELECT s.id FROM sales_service s WHERE s.company_id = c.id ORDER BY code LIMIT 1) AS service
     FROM base_company c ORDER BY c.id LIMIT 1`,
  );
  if (!company) throw new Error('Only the demo company can be given a past.');
  const place = { companyId: company.id, serviceId: company.service, branches, days };
  for (const statement of sql.opening(place)) await run(statement);
  return place;
}

async function count(run: Run, branches: number, days: number): Promise<Past> {
  const [counts] = await run<Omit<Past, 'branches' | 'days'>>(
    `SELECT (SELECT count(*)::float8 FROM payments_payment) AS payments,
       (SELECT count(*)::float8 FROM sales_order) AS orders,
       (SELECT count(*)::float8 FROM payments_cash_session) AS sessions,
       (SELECT count(*)::float8 FROM kernel_event) AS events,
       (SELECT id FROM base_branch WHERE code = 'P0') AS "branchId"`,
  );
  if (!counts) throw new Error('unreachable: a SELECT of counts has one row');
  return { ...counts, branches, days };
}

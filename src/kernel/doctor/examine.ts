import { clientTo } from '../database/servers.js';
import { DOCTOR_STATES } from './check.js';
import type { DoctorCheck, DoctorDesk, DoctorFinding } from './check.js';

const PAGE = 'runbooks/playbooks/database_unavailable.md';
const [CONNECT_MS, ANSWER_MS] = [3_000, 10_000];

/**
 * Looks at everything, one after the other, and tells the worst first. Nothing that fails keeps the rest away.
 *
 * @param databaseUrl the database as the application role, started by nobody for this
 */
export async function examine(
  checks: readonly DoctorCheck[],
  desk: Omit<DoctorDesk, 'rows' | 'companies'>,
  databaseUrl: () => Promise<string>,
): Promise<DoctorFinding[]> {
  const opened = await openDatabase(databaseUrl);
  const findings: DoctorFinding[] = [opened.finding];
  try {
    const { rows, companies } = opened;
    for (const check of checks) {
      findings.push(
        ...(await check.look({ ...desk, rows, companies }).catch((error: unknown) => [
          {
            ...{ what: check.name, state: 'unknown' as const, runbook: check.runbook },
            sentence: `could not be looked at: ${wordsOf(error)}`,
          },
        ])),
      );
    }
  } finally {
    await opened.close();
  }
  const gravity = ({ state }: DoctorFinding): number => DOCTOR_STATES.indexOf(state);
  return findings.sort((a, b) => gravity(b) - gravity(a));
}

/** As `ofitec alerts check`: 0 all is well, 1 warning, 2 critical, 3 unknown. */
export function exitCodeOf(findings: readonly DoctorFinding[]): number {
  const is = (state: string): boolean => findings.some((each) => each.state === state);
  if (is('critical')) return 2;
  if (is('warning')) return 1;
  return is('unknown') ? 3 : 0;
}

async function openDatabase(databaseUrl: () => Promise<string>): Promise<
  Pick<DoctorDesk, 'rows' | 'companies'> & {
    finding: DoctorFinding;
    close: () => Promise<void>;
  }
> {
  try {
    const client = clientTo(await databaseUrl(), {
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: ANSWER_MS,
      application_name: 'ofitec doctor',
    });
    client.on('error', () => undefined);
    await client.connect();
    const rows: NonNullable<DoctorDesk['rows']> = async <R extends object>(
      sql: string,
      values: readonly unknown[] = [],
      companyId = '',
    ) => {
      await client.query("SELECT set_config('ofitec.company_id', $1, false)", [companyId]);
      return (await client.query<R>(sql, [...values])).rows;
    };
    const companies = await companiesOf(rows);
    return {
      ...{ rows, companies: companies ?? [] },
      finding: companies
        ? { what: 'database', state: 'good', sentence: 'answers', runbook: PAGE }
        : {
            ...{ what: 'database', state: 'critical', runbook: 'runbooks/doctor.md#migrations' },
            sentence: 'answers, and holds no OFITEC: run ofitec migrate',
          },
      close: () => client.end().catch(() => undefined),
    };
  } catch (error) {
    return {
      ...{ rows: null, companies: [] },
      finding: { what: 'database', state: 'critical', sentence: wordsOf(error), runbook: PAGE },
      close: async () => {},
    };
  }
}

async function companiesOf(rows: NonNullable<DoctorDesk['rows']>): Promise<string[] | null> {
  const [known] = await rows<{ there: boolean }>(
    `SELECT to_regclass('kernel_company') IS NOT NULL AS there`,
  );
  if (!known?.there) return null;
  const found = await rows<{ id: string }>('SELECT id FROM kernel_company ORDER BY created_at, id');
  return found.map(({ id }) => id);
}

function wordsOf(error: unknown): string {
  const words = error instanceof Error ? error.message : String(error);
  // An address that refuses has no message of its own in Node.
  return words === '' ? ((error as NodeJS.ErrnoException).code ?? 'no answer') : words;
}

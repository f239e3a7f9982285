import { CronTime } from 'cron';
import { absenceInWords, whyNotWithout } from '../addon/absence.js';
import { migrationName, readInstalled } from '../addon/installed.js';
import { JOBS, WAITING_DELIVERIES } from '../events/queue.js';
import { lastBefore } from '../events/schedules.js';
import { BUSINESS_TIME_ZONE } from '../values/business-day.js';
import type { DoctorCheck, DoctorDesk, DoctorFinding, DoctorState } from './check.js';

const PAGE = 'runbooks/doctor.md';
const OLDEST = 150_000;
/** Skew beyond which due times and codes of two factors begin to suffer, and beyond which they fail. */
const [SKEW_WARNING_MS, SKEW_CRITICAL_MS] = [2_000, 30_000];
const [BEHIND_WARNING_S, BEHIND_CRITICAL_S] = [60, 600];
/** A schedule may run for long, and catches up within the minute after a start. */
const GRACE_MS = 30 * 60_000;

type Rows = NonNullable<DoctorDesk['rows']>;

/** What is looked at in the database: its version, role, policies, migrations, clock and queue. */
export const databaseChecks: readonly DoctorCheck[] = [
  check('PostgreSQL', 'postgresql', async ({ rows }, tell) => {
    const [row] = await rows<{ number: number; version: string }>(
      `SELECT current_setting('server_version_num')::integer AS number, current_setting('server_version') AS version`,
    );
    const isOld = (row?.number ?? 0) < OLDEST;
    return tell(
      isOld ? 'critical' : 'good',
      `version ${row?.version}${isOld ? '; 15 or newer is needed' : ''}`,
    );
  }),
  check('database role', 'database-role', async ({ rows }, tell) => {
    const [row] = await rows<{ name: string; powers: string[] | null; owned: number }>(
      `SELECT rolname AS name, array_remove(ARRAY[CASE WHEN rolsuper THEN 'SUPERUSER' END,
           CASE WHEN rolbypassrls THEN 'BYPASSRLS' END], NULL) AS powers,
         (SELECT count(*)::integer FROM pg_class c WHERE c.relowner = r.oid
            AND c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')) AS owned
       FROM pg_roles r WHERE rolname = current_user`,
    );
    const powers = [
      ...(row?.powers ?? []),
      ...(row && row.owned > 0 ? [`owns ${row.owned} tables`] : []),
    ];
    return powers.length > 0
      ? tell('critical', `${row?.name}: ${powers.join(', ')}; companies are not kept apart`)
      : tell('good', `${row?.name} owns nothing and passes no policy by`);
  }),
  check('row security', 'row-security', async ({ rows }, tell) => {
    const open = await rows<{ name: string }>(
      `SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
         AND c.relkind IN ('r', 'p') AND NOT c.relispartition
         AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'company_id' AND NOT a.attisdropped)
         AND has_table_privilege(c.oid, 'SELECT')
         AND NOT (c.relrowsecurity AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)) ORDER BY 1`,
    );
    return open.length > 0
      ? tell('critical', `without a policy: ${open.map(({ name }) => name).join(', ')}`)
      : tell('good', 'every table of companies has its policy');
  }),
  check('migrations', 'migrations', async ({ rows, addons }, tell) => {
    const done = await rows<{ id: string }>(
      `SELECT addon || '/' || name AS id FROM kernel_migration`,
    );
    const installed = new Set(done.map(({ id }) => id.split('/')[0]));
    const applied = new Set(done.map(({ id }) => id));
    const expected = addons
      .filter(({ name }) => installed.has(name))
      .flatMap(({ name, migrations }) =>
        migrations.map((migration) => `${name}/${migrationName(new migration())}`),
      );
    const pending = expected.filter((id) => !applied.has(id));
    return pending.length > 0
      ? tell('critical', `pending: ${pending.join(', ')}`)
      : tell('good', `all ${expected.length} are applied`);
  }),
  check('addons', 'addons', async ({ rows, addons }, tell) => {
    const installed =
      (await readInstalled(<R>(sql: string, values?: unknown[]) =>
        rows<R & object>(sql, values),
      )) ?? [];
    const house = addons.find(({ name }) => name === 'kernel')?.version ?? '';
    const missing = installed.filter(({ name }) => !addons.some((addon) => addon.name === name));
    if (missing.length === 0) return tell('good', `all ${installed.length} installed are at hand`);
    const waiting = await rows<{ addon: string; n: number }>(
      `SELECT split_part(data->>'handler', '/', 1) AS addon, count(*)::integer AS n FROM ${JOBS}
       WHERE name = $1 AND state < 'active' GROUP BY 1`,
      [WAITING_DELIVERIES],
    );
    return missing.flatMap((addon) => {
      const reason = whyNotWithout(addon, house);
      if (reason !== null) return tell('critical', reason);
      const kept = waiting.find((each) => each.addon === addon.name)?.n ?? 0;
      return tell('warning', `${absenceInWords(addon)}; ${kept} events wait for it`);
    });
  }),
  check('clock', 'clock', async ({ rows }, tell) => {
    const before = Date.now();
    const [row] = await rows<{ now: string }>(
      'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint::text AS now',
    );
    const skew = Math.round(Number(row?.now) - (before + Date.now()) / 2);
    const amount = Math.abs(skew);
    const state =
      amount > SKEW_CRITICAL_MS ? 'critical' : amount > SKEW_WARNING_MS ? 'warning' : 'good';
    return tell(state, `${amount} ms ${skew < 0 ? 'ahead of' : 'behind'} the database’s`);
  }),
  check(
    'queue',
    'queue',
    async ({ rows }, tell) => {
      const [row] = await rows<{ waiting: number; age: number | null }>(
        `SELECT waiting, extract(epoch FROM clock_timestamp() - oldest_at)::float8 AS age FROM kernel_pending_backlog(100000)`,
      );
      const age = Math.round(row?.age ?? 0);
      const state =
        age > BEHIND_CRITICAL_S ? 'critical' : age > BEHIND_WARNING_S ? 'warning' : 'good';
      return tell(
        state,
        `${row?.waiting ?? 0} events wait for the worker, the oldest for ${age} s`,
      );
    },
    'runbooks/playbooks/queue_behind.md',
  ),
  check(
    'schedules',
    'schedules',
    async (desk, tell) => {
      const late = await lateSchedules(desk);
      return late.length > 0
        ? late.flatMap((words) => tell('warning', words))
        : tell('good', 'all ran when they were due');
    },
    'runbooks/playbooks/schedule_failed.md',
  ),
];

type Tell = (state: DoctorState, sentence: string) => DoctorFinding[];
type Look = (desk: DoctorDesk & { rows: Rows }, tell: Tell) => Promise<DoctorFinding[]>;

/** A check that says nothing while the database does not answer: another one says that. */
function check(name: string, anchor: string, look: Look, page = `${PAGE}#${anchor}`): DoctorCheck {
  const tell: Tell = (state, sentence) => [{ what: name, state, sentence, runbook: page }];
  return {
    name,
    runbook: page,
    look: async (desk) => (desk.rows ? look({ ...desk, rows: desk.rows }, tell) : []),
  };
}

async function lateSchedules({ rows, addons }: DoctorDesk & { rows: Rows }): Promise<string[]> {
  const [last, installed] = await Promise.all([
    rows<{ name: string; due: Date; error: string | null; over: boolean }>(
      `SELECT DISTINCT ON (name) name, due_at AS due, error, finished_at IS NOT NULL AS over
       FROM kernel_schedule_run ORDER BY name, due_at DESC`,
    ),
    rows<{ addon: string; since: Date }>(
      'SELECT addon, max(applied_at) AS since FROM kernel_migration GROUP BY addon',
    ),
  ]);
  const now = Date.now();
  return addons.flatMap((addon) => {
    const since = installed.find((each) => each.addon === addon.name)?.since;
    if (!since) return [];
    return addon.schedules.flatMap(({ name, cron }) => {
      const due = lastBefore(new CronTime(cron, BUSINESS_TIME_ZONE), new Date(now - GRACE_MS));
      const run = last.find((each) => each.name === name);
      if (run?.error) return [`${name} failed: ${run.error.split('\n')[0]}`];
      if (!due || due < since) return [];
      if (!run || run.due < due) return [`${name} was due at ${due.toISOString()} and has not run`];
      if (!run.over && run.due.getTime() < now - GRACE_MS)
        return [`${name} began and has not ended`];
      return [];
    });
  });
}

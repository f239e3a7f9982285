import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { bootstrap, House, kernel, runCli } from '#test';
import type { Client } from '#test';

type DoctorFinding = kernel.DoctorFinding;

const { environmentCheck, examine, exitCodeOf, kernelAddon } = kernel;

const PATIENCE = 240_000;

/** One screen with all that is wrong, and the page for each. */
describe('ofitec doctor', () => {
  let house: House;
  let admin: Client;
  const spool = mkdtempSync(join(tmpdir(), 'ofitec-doctor-'));

  beforeAll(async () => {
    house = await House.open();
    admin = await house.as('admin');
    const beat = { name: 'backup', everySeconds: 86_400 };
    expect((await admin.post('operational-alerts/heartbeats', beat)).status).toBe(201);
  }, PATIENCE);

  async function look(
    env: Readonly<Record<string, string>> = {},
    url = house.urls.application,
  ): Promise<DoctorFinding[]> {
    // Nobody works here: what waits for a worker is not what these tests are about.
    await house.rows('superuser', `DELETE FROM kernel_event_pending WHERE action <> 'x.done'`);
    const environment = { NODE_ENV: 'test', LOG_LEVEL: 'error', ALERT_SPOOL: spool, ...env };
    const { blueprint, faults } = await bootstrap.surveyBlueprint(environment);
    const { available, config } = blueprint;
    const addons = [kernelAddon, ...available];
    const checks = [environmentCheck(faults, []), ...addons.flatMap((addon) => addon.checks)];
    const desk = { environment, config, addons, home: tmpdir() };
    return examine(checks, desk, async () => url);
  }

  const bad = (findings: readonly DoctorFinding[]): DoctorFinding[] =>
    findings.filter(({ state, what }) => state !== 'good' && what !== 'disk');

  const asOwner = (sql: string): Promise<object[]> => house.rows('owner', sql);

  it('finds nothing where nothing is wrong, and each page is there', async () => {
    const findings = await look();
    expect(bad(findings)).toEqual([]);
    expect(findings.length).toBeGreaterThan(10);
    expect(exitCodeOf(findings.filter(({ what }) => what !== 'disk'))).toBe(0);
    for (const { runbook } of findings) {
      const [page = ''] = runbook.split('#');
      expect([page, existsSync(page)]).toEqual([page, true]);
    }
  });

  it.each([
    [
      'a migration that is pending',
      'kernel_migration',
      `DELETE FROM kernel_migration WHERE addon = 'sales' AND name = (SELECT max(name) FROM kernel_migration WHERE addon = 'sales')`,
      ['migrations', 'critical', 'pending: sales/'],
    ],
    [
      'a table without its policy',
      'base_setting',
      'ALTER TABLE sales_order DISABLE ROW LEVEL SECURITY',
      ['row security', 'critical', 'sales_order'],
    ],
    [
      'an addon that a newer release brought in',
      'kernel_addon',
      `INSERT INTO kernel_addon (name, version, installed_at, depends, absence) VALUES ('novelty', '9.1.0', now(), '{}',
         '{"since": "9.0.0", "asks": ["deliveries"], "hears": []}')`,
      ['addons', 'warning', 'novelty 9.1.0 came with release 9.0.0; this older code serves'],
    ],
    [
      'an addon whose code was lost',
      'kernel_addon',
      `INSERT INTO kernel_addon (name, version, installed_at, depends) VALUES ('novelty', '0.1.0', now(), '{}')`,
      ['addons', 'critical', 'addon novelty is installed, but its code is not here'],
    ],
    [
      'a worker that does not work',
      'kernel_event_pending',
      `INSERT INTO kernel_event_pending SELECT gen_random_uuid(), id, 'x.done', now() - interval '1 hour' FROM kernel_company`,
      ['queue', 'critical', 'the oldest for 36'],
    ],
    [
      'a schedule that failed',
      'kernel_schedule_run',
      `INSERT INTO kernel_schedule_run VALUES ('audit.verify-chain', now() - interval '1 hour', 'a', now(), now(), 'no space')`,
      ['schedules', 'warning', 'audit.verify-chain failed: no space'],
    ],
    [
      'schedules that did not run',
      'kernel_migration',
      `UPDATE kernel_migration SET applied_at = applied_at - interval '30 days'`,
      ['schedules', 'warning', 'has not run'],
    ],
    [
      'a log that nobody verifies',
      'kernel_company',
      `UPDATE kernel_company SET created_at = created_at - interval '9 days'`,
      ['audit chain', 'critical', 'never verified'],
    ],
    [
      'a heartbeat that stopped',
      'operational_alerts_heartbeat',
      `UPDATE operational_alerts_heartbeat SET due_at = now() - interval '1 hour'`,
      ['heartbeat backup', 'critical', 'has not reported'],
    ],
    [
      'backups that nobody watches',
      'operational_alerts_heartbeat',
      `UPDATE operational_alerts_heartbeat SET name = 'otra cosa'`,
      ['backups', 'warning', 'nobody would notice'],
    ],
  ])('tells of %s', async (_, table, sql, [what, state, words]) => {
    const asNobodyLooks = (statements: string): Promise<object[]> =>
      house.rows('superuser', `SET session_replication_role = 'replica'; ${statements}`);
    await asNobodyLooks(`CREATE TABLE kept AS SELECT * FROM ${table}; ${sql}`);
    const found = bad(await look());
    await asNobodyLooks(
      `DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM kept; DROP TABLE kept;
       ALTER TABLE sales_order ENABLE ROW LEVEL SECURITY`,
    );
    expect(found).toContainEqual(
      expect.objectContaining({ what, state, sentence: expect.stringContaining(words ?? '') }),
    );
    expect([...new Set(found.map((each) => each.what))]).toEqual([what]);
    expect(exitCodeOf(found)).toBe(state === 'critical' ? 2 : 1);
  });

  it('tells of an alert that is open, with the page of its type', async () => {
    await admin.post('operational-alerts/alerts/test-fire', { severity: 'critical' });
    const found = bad(await look());
    await asOwner(`UPDATE operational_alerts_alert SET state = 'resolved', resolved_at = now()`);
    expect(found).toEqual([
      expect.objectContaining({
        ...{ what: 'alert alert.test_fired', state: 'critical' },
        runbook: 'runbooks/playbooks/alert_test_fired.md',
      }),
    ]);
  });

  it('tells of a login that the policies do not bind', async () => {
    const [owner] = bad(await look({}, house.urls.owner));
    expect(owner).toMatchObject({ what: 'database role', state: 'critical' });
    const [superuser] = bad(await look({}, house.urls.superuser));
    expect(superuser?.sentence).toContain('SUPERUSER');
  });

  it('tells of what the environment says for nobody, twice or wrongly', async () => {
    const env = {
      ALERT_SPOOOL: '/x',
      DATABASE_OWNER_URL: 'postgresql://same@127.0.0.1/x',
      DATABASE_URL: 'postgresql://same@127.0.0.1/x',
      OPERATOR_COMPANY_ID: 'nonsense',
    };
    const found = bad(await look(env)).filter(({ what }) => what === 'environment');
    const words = found.map(({ sentence }) => sentence).join('\n');
    expect(words).toContain('ALERT_SPOOOL is set, and nobody reads it');
    expect(words).toContain('are the same login');
    expect(words).toContain('NODE_ENV is not production');
  });

  it('tells of a clock that is wrong, and a certificate that ends', async () => {
    const clock = kernelAddon.checks.find(({ name }) => name === 'clock');
    const { blueprint } = await bootstrap.surveyBlueprint({});
    const desk = { environment: {}, config: blueprint.config, addons: [], home: '', companies: [] };
    for (const [ms, state] of [
      [0, 'good'],
      [-10_000, 'warning'],
      [60_000, 'critical'],
    ] as const) {
      const rows = async <R extends object>(): Promise<R[]> =>
        [{ now: String(Date.now() + ms) }] as unknown as R[];
      expect(await clock?.look({ ...desk, rows })).toEqual([expect.objectContaining({ state })]);
    }
    const [key, file] = [join(spool, 'key.pem'), join(spool, 'cert.pem')];
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
        ...['-days', '10', '-subj', '/CN=ofitec.example', '-keyout', key, '-out', file],
      ],
      { stdio: 'ignore' },
    );
    const found = bad(await look({ DOCTOR_CERTIFICATES: `${file},${join(spool, 'none.pem')}` }));
    expect(found).toContainEqual(
      expect.objectContaining({ what: 'certificate', state: 'unknown' }),
    );
    const [ending] = bad(await look({ DOCTOR_CERTIFICATES: file }));
    expect(ending).toMatchObject({ what: 'certificate', state: 'warning' });
  });

  it(
    'works while the database and the server are down, and says so',
    async () => {
      const down = await runCli(['doctor', '--json'], {
        ALERT_SPOOL: mkdtempSync(join(tmpdir(), 'ofitec-doctor-')),
        DATABASE_URL: 'postgresql://ofitec_app@127.0.0.1:1/x',
        DOCTOR_READY_URL: 'http://127.0.0.1:1/health/ready',
      });
      expect(down.code).toBe(2);
      const { findings } = JSON.parse(down.output) as { findings: DoctorFinding[] };
      expect(findings.filter(({ state }) => state === 'critical')).toEqual([
        expect.objectContaining({
          what: 'database',
          runbook: 'runbooks/playbooks/database_unavailable.md',
        }),
        expect.objectContaining({
          what: 'server',
          runbook: 'runbooks/playbooks/process_not_ready.md',
        }),
      ]);
    },
    PATIENCE,
  );
});

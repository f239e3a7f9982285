import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { alerts, House, kernel, runCli } from '#test';
import type { Client } from '#test';

/** What a timer or a monitoring system asks, and what it is told by exit code and text. */
describe('ofitec alerts', () => {
  let house: House;
  let admin: Client;
  let env: Record<string, string>;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-check-'));
    house = await House.open();
    admin = await house.as('admin');
    env = {
      DATABASE_URL: house.urls.application,
      ALERT_SPOOL: house.spool,
      OFITEC_HOME: join(folder, 'home'),
    };
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const check = (minutes = '60'): ReturnType<typeof alerts.command> =>
    alerts.command(house, 'check', { minutes });

  async function act(type: string, verb: string, body: object = {}): Promise<void> {
    const { items } = (await admin.get(`operational-alerts/alerts?type=${type}`)).body;
    const answer = await admin.post(`operational-alerts/alerts/${items[0].id}/${verb}`, body);
    expect([answer.status, answer.text]).toEqual([200, answer.text]);
  }

  it('check ends with 0 while all is well, and makes nothing on its way', async () => {
    const { code, output } = await runCli(['alerts', 'check'], env);
    expect([code, output.trim()]).toEqual([
      0,
      'OFITEC ALERTS OK - 0 critical, 0 warning, 0 info in 60 min | critical=0 warning=0 info=0 late=0',
    ]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('with 1 for a warning and 0 for information, told in a table', async () => {
    await alerts.occur(house, 'alert.test_fired', '', { severity: 'info' });
    expect((await check()).code).toBe(0);
    await alerts.occur(house, 'secret.expiring', 'db', { label: 'password of the database' });
    const { code, output } = await runCli(['alerts', 'check', '--minutes', '60'], env);
    const lines = output.trim().split('\n');
    expect(code).toBe(1);
    expect(lines[0]).toMatch(/^OFITEC ALERTS WARNING - 0 critical, 1 warning, 1 info in 60 min \|/);
    expect(lines[1]).toMatch(/^severity +state +type +since +last seen +times +about$/);
    expect(lines[2]).toMatch(/^warning +open +secret\.expiring +\S+Z +\S+Z +1 +password of the/);
    expect(lines[3]).toMatch(/^info +open +alert\.test_fired/);
    const column = (lines[1] ?? '').indexOf('type');
    expect(lines.slice(2).map((line) => line[column - 1])).toEqual([' ', ' ']);
  });

  it('with 2 for something critical, also an old one that nobody is on', async () => {
    const old = new Date(Date.now() - 5 * 3_600_000);
    await alerts.occur(house, 'disk.low', 'host:/', { firstAt: old, lastAt: old });
    const { code, lines } = await check('60');
    expect([code, lines[0]]).toEqual([2, expect.stringContaining('CRITICAL - 1 critical')]);
    await act('disk.low', 'acknowledge');
    // Somebody is on it and it did not come again: it is shown and not counted.
    const quiet = await check('60');
    expect([quiet.code, quiet.lines.join()]).toEqual([
      1,
      expect.stringContaining('acknowledged  disk.low'),
    ]);
    expect((await check('600')).code).toBe(2);
  });

  it('counts neither what is silenced nor what is resolved', async () => {
    const until = new Date(Date.now() + 3_600_000).toISOString();
    await act('disk.low', 'silence', { until, reason: 'known' });
    await act('secret.expiring', 'resolve');
    const { code, lines } = await check('600');
    expect([code, lines.join('\n')]).toEqual([0, expect.stringMatching(/silenced +disk\.low/)]);
    expect(lines.join('\n')).toMatch(/resolved +secret\.expiring/);
  });

  it('with 2 when a heartbeat is late and no worker has judged it', async () => {
    await admin.post('operational-alerts/heartbeats', { name: 'job', everySeconds: 60 });
    await house.rows(
      'owner',
      `UPDATE operational_alerts_heartbeat SET due_at = now() - interval '3 minutes'`,
    );
    const { code, lines } = await check();
    expect([code, lines[0]]).toEqual([2, expect.stringContaining('1 late heartbeats')]);
    expect(lines.at(-1)).toMatch(/^late +heartbeat job, due /);
    await house.rows('owner', 'DELETE FROM operational_alerts_heartbeat');
    expect((await check()).code).toBe(0);
  });

  it('says the same to a script', async () => {
    const { output } = await runCli(['alerts', 'check', '--json', '--minutes', '600'], env);
    const said = JSON.parse(output);
    expect(said).toMatchObject({
      ...{ status: 'OK', exitCode: 0, minutes: 600, database: { status: 'answers' } },
      counts: { critical: 0, warning: 0, info: 1 },
    });
    expect(said.alerts.map(({ type }: { type: string }) => type).sort()).toEqual([
      ...['alert.test_fired', 'disk.low', 'secret.expiring'],
    ]);
  });

  it('with 2 while the database is down, and says what waits for it', async () => {
    const down = { ...env, DATABASE_URL: 'postgres://ofitec_app:x@127.0.0.1:1/ofitec' };
    const nothing = await runCli(['alerts', 'check'], down);
    expect(nothing.code).toBe(2);
    expect(nothing.output).toMatch(/^OFITEC ALERTS CRITICAL - 0 critical.*DATABASE DOWN: .*ECONN/);
    // Without DATABASE_URL it looks for the embedded one, and starts nothing for that.
    const { DATABASE_URL: _, ...embedded } = env;
    const absent = await runCli(['alerts', 'check'], embedded);
    expect([absent.code, absent.output]).toEqual([
      2,
      expect.stringContaining('The embedded PostgreSQL does not run'),
    ]);
    expect(readdirSync(folder)).toEqual([]);
    // A password in the address is nobody's business who reads the output.
    expect(nothing.output).not.toContain(':x@');
  });

  it.each([[['--minutes', 'sixty']], [['--hours', '1']]])(
    'with 3 when it cannot know: %j',
    async (args) => {
      const { code, output } = await runCli(['alerts', 'check', ...args], env);
      expect(code).toBe(3);
      expect(output).not.toMatch(/ at .*\.js:/);
      for (const minutes of ['0', '10081', '1.5'])
        await expect(check(minutes)).rejects.toThrow('--minutes');
    },
  );

  it('with 3 in a broken environment or without its tables, and with 0 for help', async () => {
    const broken = await runCli(['alerts', 'check'], { ...env, PORT: 'x' });
    expect([broken.code, broken.output]).toEqual([3, expect.stringContaining('PORT must be')]);
    const postgres = house.urls.application.replace(/\/\w+$/, '/postgres');
    const bare = await runCli(['alerts', 'check'], { ...env, DATABASE_URL: postgres });
    expect([bare.code, bare.output]).toEqual([3, expect.stringContaining('UNKNOWN')]);
    const help = await runCli(['alerts', 'check', '--help'], env);
    expect([help.code, help.output]).toEqual([0, expect.stringContaining('--minutes [minutes]')]);
    // Other commands end as before.
    expect((await runCli(['alerts', 'raise'], env)).code).toBe(1);
    expect((await runCli(['base', 'create-company'], env)).code).toBe(1);
  });

  it('raise keeps an alert until the database takes it, once; good news, too', async () => {
    const raise = (...args: string[]): ReturnType<typeof runCli> =>
      runCli(['alerts', 'raise', '--type', 'backup.missing', '--key', 'n1', ...args], env);
    for (const type of ['http.never', 'cash_session.high_difference', 'heartbeat.missed']) {
      const refused = alerts.command(house, 'raise', { type });
      await expect(refused).rejects.toThrow(
        `${type} is not raised so; these are: alert.test_fired,`,
      );
    }
    const loud = { type: 'backup.missing', severity: 'loud' };
    await expect(alerts.command(house, 'raise', loud)).rejects.toThrow('--severity is one of');
    const raised = await raise(
      '--label',
      'no dump since Friday',
      '--severity',
      'warning',
      '--json',
    );
    expect([raised.code, JSON.parse(raised.output)]).toEqual([
      0,
      expect.objectContaining({ type: 'backup.missing', key: 'n1', state: 'bad' }),
    ]);
    expect((await check()).lines.join('\n')).toMatch(/warning +spooled +backup\.missing/);
    await Promise.all([alerts.replaySpool(house), alerts.replaySpool(house)]);
    await alerts.replaySpool(house);
    const path = 'operational-alerts/alerts?type=backup.missing';
    const [alert] = (await admin.get(path)).body.items;
    expect(alert).toMatchObject({
      ...{
        occurrences: 1,
        severity: 'warning',
        label: 'no dump since Friday',
        scope: 'installation',
      },
    });
    expect(readdirSync(house.spool)).toEqual([]);
    expect((await raise('--good')).code).toBe(0);
    await alerts.replaySpool(house);
    expect((await admin.get(path)).body.items[0]).toMatchObject({ state: 'resolved' });
  });

  it('puts aside what the database will never take, and records what came after it', async () => {
    const at = '2026-11-20T10:00:00.000Z';
    const write = (count: number, key: string): void => {
      const id = kernel.newId();
      const what = { id, type: 'backup.missing', key, good: false, label: key, count };
      const text = JSON.stringify({ ...what, firstAt: at, lastAt: at });
      writeFileSync(join(house.spool, `${key}.json`), text);
    };
    write(3_000_000_000, 'a-poison');
    write(1, 'b-sound');
    await alerts.replaySpool(house);
    const sound = 'operational-alerts/alerts?type=backup.missing&key=b-sound';
    expect((await admin.get(sound)).body.items).toHaveLength(1);
    expect(readdirSync(house.spool)).toEqual(['a-poison.json.unreadable']);
  });
});

/** Programs elsewhere raise alerts with a token, and only what they were allowed. */
describe('sources of alerts', () => {
  let house: House;
  let admin: Client;

  beforeAll(async () => {
    house = await House.open();
    admin = await house.as('admin');
  });

  function signal(name: string, token: string, body: object): ReturnType<Client['post']> {
    const headers = { authorization: `Bearer ${token}` };
    return house.nobody.post(`operational-alerts/sources/${name}/signals`, body, headers);
  }

  it('raise and clear with their token, each type only where it was allowed', async () => {
    const body = { name: 'nas', types: ['backup.missing'] };
    const { token, id } = (await admin.post('operational-alerts/sources', body)).body;
    const bad = { type: 'backup.missing', key: 'nas', good: false, label: 'restore failed' };
    expect((await signal('nas', token, bad)).status).toBe(204);
    const path = 'operational-alerts/alerts?type=backup.missing';
    expect((await admin.get(path)).body.items[0]).toMatchObject({
      ...{ state: 'open', label: 'restore failed', details: { source: 'nas' } },
    });
    expect((await signal('nas', token, { ...bad, good: true })).status).toBe(204);
    expect((await admin.get(path)).body.items[0]).toMatchObject({ state: 'resolved' });

    const other = await signal('nas', token, { ...bad, type: 'disk.low' });
    expect([other.status, other.body.code]).toEqual([403, 'operational-alerts.type-not-allowed']);
    expect((await signal('other', token, bad)).status).toBe(401);
    expect((await signal('nas', 'x'.repeat(43), bad)).status).toBe(401);
    expect((await signal('nas', token, { type: 'backup.missing' })).status).toBe(400);
    const { version } = (await admin.get(`operational-alerts/sources/${id}`)).body;
    await admin.patch(`operational-alerts/sources/${id}`, { active: false }, version);
    expect((await signal('nas', token, bad)).status).toBe(401);
    expect((await admin.get(`operational-alerts/sources/${id}`)).text).not.toContain(token);
  });

  it('may not be given what events raise', async () => {
    for (const [type, code] of [
      ['ledger.drift', 'operational-alerts.type-not-raised'],
      ['heartbeat.missed', 'operational-alerts.type-not-raised'],
      ['thing.never', 'operational-alerts.unknown-alert-type'],
    ]) {
      const body = { name: 'x', types: [type] };
      const refused = await admin.post('operational-alerts/sources', body);
      expect([type, refused.status, refused.body.code]).toEqual([type, 422, code]);
    }
    const encargada = await house.as('encargada');
    const body = { name: 'x', types: ['backup.missing'] };
    expect((await encargada.post('operational-alerts/sources', body)).status).toBe(403);
  });
});

import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { askPostgres, letLease, SecretsLab, superuserOf, TillLoad } from '#test';
import type { Ended, OwnServer, Program } from '#test';

/** Seconds: what Vault gives at once, and the longest that it gives. */
const [TTL, MOST] = [9, 20];

/** Logins that OpenBao's own plugin makes in a real PostgreSQL, and an ERP that works with them. */
describe('a leased login of the database', () => {
  let lab: SecretsLab;
  let postgres: OwnServer;
  let daemon: Program;
  let password: string;
  const programs: Program[] = [];
  const url = (): string => lab.read('host/url');
  const user = (): string => new URL(url()).username;

  beforeAll(async () => {
    ({ lab, postgres } = await SecretsLab.beside());
    password = await letLease(postgres);
    for (const done of ['made', 'changed']) {
      const { code, output } = await setUp(TTL, MOST);
      expect([code, output]).toEqual([0, expect.stringMatching(`database +${done}`)]);
    }
    await lab.enrol('ofitec-lease');
    // A token of a few seconds instead of two hours.
    await lab.bao.call('POST', 'auth/approle/role/ofitec-lease', { token_period: 6 });
    configure(2);
  }, 300_000);

  afterAll(async () => {
    for (const program of programs) await program.end('SIGKILL');
    await postgres?.stop();
    await lab?.close();
  });

  async function setUp(ttl: number, most: number): Promise<Ended> {
    const { host } = new URL(postgres.urls.owner);
    const options = {
      connection: {
        connection_url: `postgresql://{{username}}:{{password}}@${host}/ofitec`,
        ...{ username: 'ofitec_leaser', password },
      },
      role: { default_ttl: ttl, max_ttl: most },
    };
    writeFileSync(lab.file('database.json'), JSON.stringify(options), { mode: 0o600 });
    return lab.asRoot('setup', '--database', lab.file('database.json'));
  }

  function configure(connectionLifeSeconds: number): void {
    const lease = { url: `postgres://${new URL(postgres.urls.owner).host}/ofitec` };
    lab.configure({
      files: [{ key: 'SECRET_KEY', file: lab.file('host/key') }],
      lease: { ...lease, file: lab.file('host/url'), connectionLifeSeconds },
    });
  }

  const logins = async (): Promise<unknown[]> =>
    (
      await askPostgres(
        superuserOf(postgres),
        `SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%' OR rolname LIKE '%ofitec-app%'`,
      )
    ).map(({ rolname }) => rolname);

  it('is refused when connections would live longer than what is left of it', async () => {
    configure(4);
    const { code, output } = await lab.as('lease', 'lease').end();
    expect([code, output]).toEqual([1, expect.stringContaining('requests would fail')]);
    configure(2);
  });

  it('is renewed and replaced while the ERP works with it, and no request fails', async () => {
    // Vault is away once, for longer than it is asked again.
    const env = { ...lab.signedInAs('lease'), VAULT_CLIENT_TIMEOUT: '3' };
    daemon = lab.start(['lease'], env);
    programs.push(daemon);
    await daemon.until(/^replaced/m);
    const { server, url: base } = await lab.serve(lab.file('host/url'));
    programs.push(server);
    const load = await TillLoad.at(base, 1);
    const seen = new Set<string>();
    const replaced = (): number => daemon.output.match(/^replaced/gm)?.length ?? 0;
    const enough = replaced() + 2;
    while (replaced() < enough && !daemon.hasEnded) {
      seen.add(user());
      await sleep(100);
    }
    // What was leased first ends, and it was nobody's any more.
    const [oldest = ''] = seen;
    await until(async () => !(await logins()).includes(oldest));
    await load.stop();
    const { counts } = load;
    expect(Object.keys(counts).sort()).toEqual(['200', '201']);
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(20);
    expect(daemon.output).toMatch(/^renewed {3}ends in 9 s$/m);
    expect(daemon.output).not.toMatch(/failed/);
    expect(seen.size).toBeGreaterThan(1);
    const left = await logins();
    const [first = ''] = seen;
    expect(left).toContain(user());
    expect(left).not.toContain(first);
    expect(
      await askPostgres(
        url(),
        'SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user',
      ),
    ).toEqual([{ rolsuper: false, rolbypassrls: false }]);
    await server.end('SIGTERM');
  }, 600_000);

  it('lives by one periodic token, which was renewed for longer than its time', () => {
    const asked = (path: string): number =>
      lab.bao.auditLog.split('\n').filter((line) => {
        const isIt = line.includes('"type":"response"') && line.includes(`"path":"${path}"`);
        return isIt && line.includes('"role_name":"ofitec-lease"');
      }).length;
    expect(asked('auth/token/renew-self')).toBeGreaterThan(4);
    // One for the refusal and one for the whole run.
    expect(asked('auth/approle/login')).toBe(2);
  });

  it('takes another one when the token was ended, or Vault was away', async () => {
    const before = user();
    const { body } = await lab.bao.call('GET', 'auth/token/accessors?list=true');
    for (const accessor of (body.data?.['keys'] ?? []) as string[]) {
      const found = await lab.bao.call('POST', 'auth/token/lookup-accessor', { accessor });
      if (JSON.stringify(found.body).includes('ofitec-lease')) {
        await lab.bao.call('POST', 'auth/token/revoke-accessor', { accessor });
      }
    }
    await until(() => user() !== before);
    await lab.faulty.set('down');
    await daemon.until(/^failed +/m);
    await lab.faulty.set('none');
    await daemon.until(/^well again/m);
    expect(await askPostgres(url(), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  }, 600_000);

  it('stays when the program is stopped, so that nobody is refused while it starts anew', async () => {
    expect((await daemon.end('SIGTERM')).code).toBe(0);
    // So long that a slow start is within a third of it.
    expect(await setUp(180, 300)).toMatchObject({ code: 0 });
    await lab.bao.call('POST', 'auth/approle/role/ofitec-lease', { token_period: 180 });
    const first = lab.as('lease', 'lease');
    await first.until(/^replaced/m);
    const before = url();
    expect((await first.end('SIGTERM')).code).toBe(0);
    expect(await askPostgres(before, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    const next = lab.as('lease', 'lease');
    programs.push(next);
    await next.until(/^replaced/m);
    expect(url()).not.toBe(before);
    expect(await askPostgres(before, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await next.end('SIGTERM');
  }, 600_000);

  async function until(is: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 60_000;
    while (!(await is())) {
      if (Date.now() > deadline) throw new Error(`It did not come:\n${daemon.output}`);
      await sleep(200);
    }
  }
});

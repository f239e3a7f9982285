import { chmodSync, readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { alerts, House, secrets, SecretsLab, SecretsSite } from '#test';

interface Finding {
  readonly what: string;
  readonly state: string;
  readonly sentence: string;
}

const DAY = 86_400;

/** `ofitec secrets doctor` and each bad sign, over a real OpenBao; what it raises, in a real ERP. */
describe('the doctor of secrets', () => {
  let site: SecretsSite;
  let lab: SecretsLab;

  beforeAll(async () => {
    site = await SecretsSite.open();
    lab = site.lab;
  }, 300_000);

  afterEach(async () => {
    lab.faulty.aheadSeconds = 0;
    await lab.faulty.set('none');
  });
  afterAll(() => site?.close());

  async function examine(
    env = lab.signedInAs('doctor'),
    on = lab,
  ): Promise<{ code: number | null; of: (what: string) => Finding | undefined; metrics: string }> {
    const file = on.file('metrics.prom');
    const { code, output } = await on.start(['doctor', '--json', '--metrics', file], env).end();
    const findings = JSON.parse(output) as Finding[];
    for (const value of Object.values(await on.get())) expect(output).not.toContain(value);
    return {
      ...{ code, metrics: readFileSync(file, 'utf8') },
      of: (what) => findings.find((each) => each.what.startsWith(what)),
    };
  }

  const spooled = (type: string, key: string): boolean | undefined =>
    new secrets.Spool(lab.spool)
      .list()
      .map(({ entry }) => entry)
      .find((entry) => entry.type === type && entry.key === key)?.good;

  it('is content with a house in order', async () => {
    const { code, of, metrics } = await examine();
    expect(code).toBe(0);
    const looks = ['server', 'clock', 'audit device', 'keys', 'token', 'age of db'];
    for (const what of [...looks, 'rotation of db']) {
      expect([what, of(what)?.state]).toEqual([what, 'good']);
    }
    expect(metrics).toMatch(/^ofitec_vault_up\{server="127\.0\.0\.1:\d+"\} 1$/m);
    expect(metrics).toMatch(/^ofitec_secrets_age_days\{secret="restic"\} 0(\.\d+)?$/m);
    expect(metrics).toMatch(/^ofitec_secrets_token_ttl_seconds [1-9]\d*$/m);
    expect(metrics).toMatch(/^ofitec_secrets_secret_id_days\{accessor="\w+"\} (39|40)/m);
  });

  it('misses a key, and a file, and sees one that others may read', async () => {
    const all = await lab.get();
    const { SECRET_KEY: _, ...rest } = all;
    await lab.put(rest);
    chmodSync(lab.file('host/url'), 0o644);
    const { code, of } = await examine();
    expect(code).toBe(2);
    expect(of('keys')).toMatchObject({ state: 'critical', sentence: 'Vault has no SECRET_KEY' });
    expect(of(lab.file('host/url'))).toMatchObject({ sentence: 'others may read it' });
    chmodSync(lab.file('host/url'), 0o600);
    await lab.put(all);
  });

  it('finds a secret too old, by Vault’s clock, and says when it is not any more', async () => {
    lab.faulty.aheadSeconds = 34 * DAY;
    const well = await examine();
    expect(well.of('age of db')?.state).toBe('good');
    // What is left of a secret id is told by that clock too, and how far this host's is from it.
    expect(well.of('secret-id')?.sentence).toMatch(/^ends in [56]\.\d days$/);
    expect(well.of('clock')).toMatchObject({
      state: 'warning',
      sentence: expect.stringMatching(/^this host is 29\d{5} s behind Vault: .*NTP/),
    });
    lab.faulty.aheadSeconds = 36 * DAY;
    const { code, of, metrics } = await examine();
    expect(code).toBe(1);
    expect(of('age of db')).toMatchObject({
      state: 'warning',
      sentence: '36.0 days, more than 35: rotate it',
    });
    expect(metrics).toMatch(/^ofitec_secrets_age_days\{secret="db"\} 36$/m);
    expect(spooled('secret.expiring', 'db')).toBe(false);
    lab.faulty.aheadSeconds = 0;
    await examine();
    expect(spooled('secret.expiring', 'db')).toBe(true);
  });

  it('finds a token and a secret id that end soon', async () => {
    const role = 'auth/approle/role/ofitec-reader';
    await lab.bao.call('POST', role, { secret_id_ttl: 5 * DAY });
    const made = await lab.bao.call('POST', `${role}/secret-id`, {});
    await lab.bao.call('POST', role, { secret_id_ttl: 40 * DAY });
    const accessor = String(made.body.data?.['secret_id_accessor']);
    const token = await lab.bao.call('POST', 'auth/token/create', {
      ...{ policies: ['ofitec-doctor'], ttl: '6h', renewable: false },
    });
    const { client_token: given } = token.body['auth'] as { client_token: string };
    const { code, of, metrics } = await examine({ VAULT_TOKEN: given });
    expect(code).toBe(1);
    const name = `secret-id ${accessor.slice(0, 8)}`;
    expect(of(name)).toMatchObject({ state: 'warning', sentence: 'ends in 5.0 days' });
    expect(spooled('secret.expiring', name)).toBe(false);
    expect(of('token')).toMatchObject({ state: 'warning' });
    expect(spooled('secret.expiring', 'sign-in')).toBe(false);
    expect(spooled('secret.expiring', 'token')).toBe(true);
    const ttl = Number(/^ofitec_secrets_token_ttl_seconds (\d+)$/m.exec(metrics)?.[1]);
    expect([ttl > 5 * 3_600, ttl <= 6 * 3_600]).toEqual([true, true]);
    await lab.bao.call('POST', `${role}/secret-id-accessor/destroy`, {
      secret_id_accessor: accessor,
    });
  });

  it('finds a rotation that stands still, until it is gone on with', async () => {
    await lab.rotateUntil('TESTED', 'db');
    expect((await examine()).of('rotation of db')?.state).toBe('good');
    lab.faulty.aheadSeconds = 1_000;
    const { code, of, metrics } = await examine();
    expect([code, of('rotation of db')?.state]).toEqual([2, 'critical']);
    const seconds = /^ofitec_secrets_rotation_unfinished_seconds\{secret="db"\} (\d+)$/m;
    expect(Number(seconds.exec(metrics)?.[1])).toBeGreaterThan(900);
    expect(spooled('rotation.stuck', 'db')).toBe(false);
    lab.faulty.aheadSeconds = 0;
    expect((await lab.as('rotator', 'rotate', 'db', '--resume').end()).code).toBe(0);
    expect((await examine()).of('rotation of db')).toMatchObject({ sentence: 'LOGGED' });
    expect(spooled('rotation.stuck', 'db')).toBe(true);
  });

  it('tells sealed, standing by and unreachable apart', async () => {
    await lab.bao.seal();
    const sealed = await examine();
    await lab.bao.unseal();
    expect([sealed.code, sealed.of('server')?.sentence]).toEqual([
      2,
      expect.stringMatching(/^sealed/),
    ]);
    expect(sealed.metrics).toMatch(/^ofitec_vault_up\{server="[^"]+"\} 0$/m);
    for (const [fault, says] of [
      ['standby', /^standby/],
      ['down', /^unreachable/],
    ] as const) {
      await lab.faulty.set(fault);
      const { code, of } = await examine();
      expect([fault, code, of('server')?.sentence]).toEqual([
        ...[fault, 2],
        expect.stringMatching(says),
      ]);
      expect(of('active server')).toMatchObject({ state: 'critical' });
      await lab.faulty.set('none');
    }
    // One that stands by beside an active one is as it should be.
    const both = `${lab.bao.url},${lab.faulty.url}`;
    await lab.faulty.set('standby');
    expect((await examine({ ...lab.signedInAs('doctor'), VAULT_ADDR: both })).code).toBe(0);
  });

  it('misses an audit device', async () => {
    const silent = await SecretsLab.open({ audit: false });
    silent.configure({ files: [{ key: 'KEY', file: silent.file('key') }] });
    await silent.put({ KEY: 'value-of-it' });
    expect((await silent.as('reader', 'render').end()).code).toBe(0);
    const { code, of } = await examine(silent.signedInAs('doctor'), silent);
    await silent.close();
    expect([code, of('audit device')]).toEqual([
      2,
      expect.objectContaining({ state: 'critical', sentence: expect.stringMatching(/^none/) }),
    ]);
  }, 600_000);

  it('is heard in the ERP: secret.expiring and rotation.stuck are raised, and end', async () => {
    const house = await House.open({ ALERT_SPOOL: lab.spool });
    const admin = await house.as('admin');
    const worker = await alerts.startWorker(house);
    const has = async (type: string, key: string, state: string): Promise<void> =>
      alerts.eventually(async () => {
        const { items } = (await admin.get(`operational-alerts/alerts?type=${type}`)).body as {
          items: { key: string; state: string }[];
        };
        return items.some((each) => each.key === key && each.state === state);
      }, `${type} of ${key} is not ${state}`);
    await lab.rotateUntil('GENERATED', 'session-key');
    lab.faulty.aheadSeconds = 36 * DAY;
    await examine();
    await has('secret.expiring', 'db', 'open');
    await has('rotation.stuck', 'session-key', 'open');
    lab.faulty.aheadSeconds = 0;
    const aborted = lab.as('rotator', 'rotate', 'session-key', '--abort');
    expect((await aborted.end()).code).toBe(0);
    await examine();
    await has('rotation.stuck', 'session-key', 'resolved');
    await worker.stop();
  }, 600_000);
});

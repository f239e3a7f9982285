import { readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { FaultyVault, kernel, KillSwitch, secrets, SecretsSite } from '#test';
import type { Ended, SecretsLab } from '#test';

type Other = 'restic' | 'session-key' | 'token';

const ENDS = ['pending cleared', 'journal REVOKED', 'journal LOGGED'];
const GENERATED = ['lock taken', 'journal BEGUN', 'pending made', 'journal GENERATED'];
/** What each rotation changes outside of its own process, in that order. */
const EFFECTS: Readonly<Record<Other, readonly string[]>> = {
  restic: [
    ...[...GENERATED, 'restic key add', 'journal ADDED', 'journal TESTED', 'document 1'],
    ...['journal PROMOTED', 'journal RENDERED', 'journal GRACE', 'restic key remove'],
    ...['journal REMOVED', ...ENDS],
  ],
  'session-key': [
    ...[...GENERATED, 'document 1', 'journal ANNOUNCED', 'journal KNOWN', 'document 2'],
    ...['journal PROMOTED', 'journal RENDERED', ...ENDS],
  ],
  token: [
    ...['lock taken', 'journal BEGUN', 'secret id made', 'journal STORED', 'journal TESTED'],
    ...['secret id destroyed', 'journal REVOKED', 'journal LOGGED'],
  ],
};
const OTHERS = Object.keys(EFFECTS) as Other[];
const FAULTS = ['sealed', 'down', 'slow', 'denied', 'limited', 'standby', 'broken'] as const;
/** The file of a host that each changes. */
const FILES: Readonly<Record<Other, string>> = {
  restic: 'host/restic',
  'session-key': 'host/ofitec.env',
  token: 'ofitec-reader.secret-id',
};

/** Restic, session key and the host's own secret id, over a real OpenBao and a real restic. */
describe('rotating what is not the database’s', () => {
  let site: SecretsSite;
  let lab: SecretsLab;
  const runbook = (): string[] => site.entries();

  beforeAll(async () => {
    site = await SecretsSite.open();
    lab = site.lab;
    writeFileSync(lab.file('first'), lab.read('host/restic'));
  }, 300_000);

  afterEach(() => {
    lab.faulty.watch = () => undefined;
  });
  afterAll(() => site?.close());

  const rotate = (...args: string[]): Promise<Ended> => lab.as('rotator', 'rotate', ...args).end();

  it('restic: old backups are opened by the new password, and the old one is refused', async () => {
    const before = lab.read('host/restic');
    expect(await rotate('restic')).toMatchObject({ code: 0 });
    const after = (await lab.get())['RESTIC_PASSWORD'];
    expect([after === before, lab.read('host/restic') === after]).toEqual([false, true]);
    expect(site.resticWith(lab.file('first'), 'snapshots').code).not.toBe(0);
    expect(site.resticKeys()).toHaveLength(1);
    expect(site.restic('restore', 'latest', '--target', lab.file('back')).code).toBe(0);
    expect(lab.read(`back${lab.file('data')}`)).toBe('what must come back');
    expect(runbook()).toHaveLength(1);
    expect(lab.read('runbook.md')).not.toContain(after);
  });

  it('restic: is taken back before it is promoted', async () => {
    const before = lab.read('host/restic');
    await lab.rotateUntil('TESTED', 'restic');
    expect(site.resticKeys()).toHaveLength(2);
    expect(await rotate('restic', '--abort')).toMatchObject({ code: 0 });
    expect(site.resticKeys()).toHaveLength(1);
    expect((await lab.get())['RESTIC_PASSWORD']).toBe(before);
  });

  const cipherOf = (env: string): InstanceType<typeof kernel.Cipher> => {
    const values = Object.fromEntries(secrets.readDialect(env));
    return new kernel.Cipher(kernel.Config.read([kernel.kernelConfig], values).config);
  };

  it('session key: everybody opens what anybody sealed, at every moment of it', async () => {
    const seen = [lab.read('host/ofitec.env')];
    lab.faulty.watch = ({ method, path }, when) => {
      const isJournal = path === 'kv/data/ofitec-rotation/session-key';
      if (method !== 'GET' && isJournal && when === 'after') seen.push(lab.read('host/ofitec.env'));
    };
    expect(await rotate('session-key')).toMatchObject({ code: 0 });
    const steps = [...new Set(seen)];
    expect(steps).toHaveLength(3);
    // Processes of two neighbouring steps run beside each other while they start anew.
    for (const [n, env] of steps.entries()) {
      for (const other of [steps[n - 1] ?? env, steps[n + 1] ?? env]) {
        const sealed = cipherOf(env).seal('test.purpose', 'record', 'text');
        expect(cipherOf(other).open('test.purpose', 'record', sealed)).toBe('text');
      }
    }
    const first = cipherOf(steps[0] ?? '').seal('test.purpose', 'record', 'from the beginning');
    const last = cipherOf(steps[2] ?? '');
    expect(last.open('test.purpose', 'record', first)).toBe('from the beginning');
    expect(last.isOutdated(first)).toBe(true);
    expect(
      kernel
        .productionFaults({
          ...kernel.Config.read([kernel.kernelConfig], {
            NODE_ENV: 'production',
            ...(await lab.get()),
          }).config.of(kernel.kernelConfig),
        })
        .join(),
    ).not.toContain('SECRET_KEY');
  });

  it('token: the host signs in with the new secret id, and the old one is refused', async () => {
    const [before, known] = [lab.read('ofitec-reader.secret-id'), await site.secretIds()];
    expect(await rotate('token')).toMatchObject({ code: 0 });
    const after = lab.read('ofitec-reader.secret-id');
    expect(after).not.toBe(before);
    expect(await lab.as('reader', 'render', '--check').end()).toMatchObject({ code: 0 });
    writeFileSync(lab.file('old-id'), before, { mode: 0o600 });
    const refused = await lab
      .start(['render', '--check'], {
        VAULT_ROLE_ID: lab.read('ofitec-reader.role-id'),
        VAULT_SECRET_ID_FILE: lab.file('old-id'),
      })
      .end();
    expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('400') });
    expect(await site.secretIds()).toHaveLength(known.length);
    expect(lab.read('runbook.md')).not.toContain(after);
  });

  /** The journal of the newest rotation. */
  const journalOf = (secret: Other): Promise<Record<string, string>> =>
    lab.get(`kv/data/ofitec-rotation/${secret}`);

  /** What must be so when a rotation is over, wherever it was killed. */
  async function demandOne(secret: Other, before: Record<string, string>): Promise<void> {
    const after = await lab.get();
    if (secret === 'restic') {
      expect(after['RESTIC_PASSWORD']).not.toBe(before['RESTIC_PASSWORD']);
      expect(site.resticKeys()).toHaveLength(1);
      writeFileSync(lab.file('old'), before['RESTIC_PASSWORD'] ?? '', { mode: 0o600 });
      expect(site.resticWith(lab.file('old'), 'snapshots').code).not.toBe(0);
    }
    if (secret === 'session-key') {
      const known = (after['SECRET_KEY_FALLBACKS'] ?? '').split(',');
      expect(after['SECRET_KEY']).not.toBe(before['SECRET_KEY']);
      expect(known[0]).toBe(before['SECRET_KEY']);
      expect(known).not.toContain(after['SECRET_KEY']);
      expect(known).toContain(site.firstKey);
      expect(new Set(known).size).toBe(known.length);
    }
    if (secret !== 'token') {
      const { body } = await lab.bao.call('GET', `kv/data/ofitec-pending/${secret}`);
      expect(body.data?.['data']).toMatchObject({ value: null });
    }
    expect(await lab.as('reader', 'render', '--check').end()).toMatchObject({ code: 0 });
  }

  it.each(OTHERS)(
    '%s: killed before and after each of its effects, it goes on to one, and one entry',
    async (secret) => {
      const kills = new KillSwitch(lab, lab.file(`kills-${secret}`));
      const { config } = site;
      const restic = { ...config.rotate['restic'], program: kills.resticProgram };
      lab.configure({ ...config, rotate: { ...config.rotate, restic } });
      const [before, { id: earlier }] = [await lab.get(), await journalOf(secret)];
      const [known, entries] = [await site.secretIds(), runbook().length];
      const old = lab.read('ofitec-reader.secret-id');
      for (;;) {
        const { id, state } = await journalOf(secret);
        if (id !== earlier && state === 'LOGGED') break;
        const args = id === earlier ? [] : ['--resume'];
        const { code, output } = await kills.run(() =>
          lab.as('rotator', 'rotate', secret, ...args),
        );
        expect([output, code]).toEqual([output, null]);
      }
      const expected = EFFECTS[secret].flatMap((each) => [`before ${each}`, `after ${each}`]);
      expect(kills.killed.toSorted()).toEqual(expected.toSorted());
      await demandOne(secret, before);
      expect(runbook()).toHaveLength(entries + 1);
      const ids = await site.secretIds();
      expect(ids).toHaveLength(known.length);
      if (secret === 'token') {
        expect(lab.read('ofitec-reader.secret-id')).not.toBe(old);
        expect(ids.filter((each) => known.includes(each))).toHaveLength(known.length - 1);
      }
      // Nothing of it lies about: passwords go by files without a name.
      expect(readdirSync(tmpdir()).filter((name) => name.startsWith('ofitec-restic-'))).toEqual([]);
      lab.configure(config);
    },
    900_000,
  );

  /** Rotates while Vault goes bad at the writing of what hosts get, each time in another way. */
  async function rotateOnBadDays(secret: Other): Promise<void> {
    const [before, had] = [await lab.get(), lab.read(FILES[secret])];
    const faulty = await FaultyVault.before(lab.bao);
    const env = { ...lab.signedInAs('rotator'), VAULT_ADDR: faulty.url, VAULT_CLIENT_TIMEOUT: '3' };
    for (const [n, fault] of FAULTS.entries()) {
      faulty.befalls = () => false;
      await faulty.set('none');
      faulty.watch = async ({ method, path }, when) => {
        const isIt = /ofitec\/prod$|\/secret-id$/.test(path);
        if (method === 'GET' || !isIt || when === 'after') return;
        faulty.befalls = () => true;
        if (fault === 'sealed') await lab.bao.seal();
        else await faulty.set(fault);
        throw new Error('it begins with this one');
      };
      const args = n === 0 ? [] : ['--resume'];
      const { code, output } = await lab.start(['rotate', secret, ...args], env).end();
      const says = expect.stringMatching(/Vault/);
      expect([fault, code, output]).toEqual([fault, 1, says]);
      expect(lab.read(FILES[secret])).toBe(had);
      if (fault === 'sealed') await lab.bao.unseal();
    }
    await faulty.close();
    const { code, output } = await rotate(secret, '--resume');
    expect([code, output]).toEqual([0, expect.stringContaining('LOGGED')]);
    await demandOne(secret, before);
  }

  it.each(OTHERS)(
    '%s: says so when Vault is away in the middle, again and again, and goes on afterwards',
    (secret) => rotateOnBadDays(secret),
    600_000,
  );
});

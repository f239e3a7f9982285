import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { kernel, secrets, SecretsLab } from '#test';
import type { Ended } from '#test';

const OLD = {
  restic: 'the-first-password-of-the-repository',
  key: 'k'.repeat(20) + 'old-secret-key'.repeat(3),
};

/** Restic, session key and the host's own secret id, over a real OpenBao and a real restic. */
describe('rotating what is not the database’s', () => {
  let lab: SecretsLab;
  const runbook = (): string[] => lab.read('runbook.md').trim().split('\n');

  beforeAll(async () => {
    lab = await SecretsLab.open();
    mkdirSync(lab.file('host'));
    await lab.put({
      ...{ RESTIC_PASSWORD: OLD.restic, SECRET_KEY: OLD.key, SECRET_KEY_FALLBACKS: OLD.key },
    });
    writeFileSync(lab.file('first'), OLD.restic);
    writeFileSync(lab.file('data'), 'what must come back');
    restic(lab.file('first'), 'init');
    restic(lab.file('first'), 'backup', lab.file('data'));
    lab.configure({
      env: { file: lab.file('host/ofitec.env'), keys: ['SECRET_KEY', 'SECRET_KEY_FALLBACKS'] },
      files: [{ key: 'RESTIC_PASSWORD', file: lab.file('host/restic') }],
      runbook: lab.file('runbook.md'),
      rotate: {
        restic: { repository: lab.file('repository'), graceSeconds: 0 },
        'session-key': { announceSeconds: 0 },
        token: {
          roleId: lab.read('ofitec-reader.role-id'),
          file: lab.file('ofitec-reader.secret-id'),
        },
      },
    });
    expect(await lab.as('reader', 'render').end()).toMatchObject({ code: 0 });
  }, 300_000);

  afterEach(() => {
    lab.faulty.watch = () => undefined;
  });
  afterAll(() => lab?.close());

  function restic(password: string, ...args: string[]): { code: number | null; said: string } {
    const all = [
      '--repo',
      lab.file('repository'),
      '--password-file',
      password,
      '--no-cache',
      ...args,
    ];
    const { status, stdout, stderr } = spawnSync('restic', all, { encoding: 'utf8' });
    return { code: status, said: `${stdout}${stderr}` };
  }

  const rotate = (...args: string[]): Promise<Ended> => lab.as('rotator', 'rotate', ...args).end();

  /** Kills the rotator at its n-th write to Vault, before or after it. @returns whether it came so far */
  async function killed(secret: string, at: number, when: 'before' | 'after'): Promise<boolean> {
    const program = lab.as('rotator', 'rotate', secret);
    let n = 0;
    lab.faulty.watch = ({ method, path }, now) => {
      if (method === 'GET' || /login|lookup|revoke-self/.test(path)) return;
      if (now === 'before') n += 1;
      if (n !== at || now !== when || program.hasEnded) return;
      process.kill(program.pid, 'SIGKILL');
      throw new Error('killed');
    };
    const { code } = await program.end();
    lab.faulty.watch = () => undefined;
    return code === null;
  }

  it('restic: old backups are opened by the new password, and the old one is refused', async () => {
    const before = lab.read('host/restic');
    expect(await rotate('restic')).toMatchObject({ code: 0 });
    const after = (await lab.get())['RESTIC_PASSWORD'];
    expect([after === before, lab.read('host/restic') === after]).toEqual([false, true]);
    expect(restic(lab.file('first'), 'snapshots').code).not.toBe(0);
    const keys = restic(lab.file('host/restic'), 'key', 'list', '--json').said;
    expect(JSON.parse(keys)).toHaveLength(1);
    expect(
      restic(lab.file('host/restic'), 'restore', 'latest', '--target', lab.file('back')).code,
    ).toBe(0);
    expect(lab.read(`back${lab.file('data')}`)).toBe('what must come back');
    expect(runbook()).toHaveLength(1);
    expect(lab.read('runbook.md')).not.toContain(after);
  });

  it.each(
    [3, 4, 5, 6, 7].flatMap((n) =>
      (['before', 'after'] as const).map((when) => [when, n] as const),
    ),
  )('restic: killed %s its write %i, it goes on to one key', async (when, at) => {
    const entries = runbook().length;
    expect(await killed('restic', at, when)).toBe(true);
    const { code, output } = await rotate('restic', '--resume');
    expect([code, output]).toEqual([0, expect.stringContaining('LOGGED')]);
    const keys = restic(lab.file('host/restic'), 'key', 'list', '--json').said;
    expect(JSON.parse(keys)).toHaveLength(1);
    expect(runbook()).toHaveLength(entries + 1);
  });

  it('restic: is taken back before it is promoted', async () => {
    const before = lab.read('host/restic');
    expect(await killed('restic', 5, 'after')).toBe(true);
    expect(JSON.parse(restic(lab.file('host/restic'), 'key', 'list', '--json').said)).toHaveLength(
      2,
    );
    expect(await rotate('restic', '--abort')).toMatchObject({ code: 0 });
    expect(JSON.parse(restic(lab.file('host/restic'), 'key', 'list', '--json').said)).toHaveLength(
      1,
    );
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

  it.each(['before', 'after'] as const)(
    'session key: killed %s promotion, it goes on',
    async (when) => {
      expect(await killed('session-key', 7, when)).toBe(true);
      expect(await rotate('session-key', '--resume')).toMatchObject({ code: 0 });
      const keys = ((await lab.get())['SECRET_KEY_FALLBACKS'] ?? '').split(',');
      expect(new Set(keys).size).toBe(keys.length);
      expect(keys).not.toContain((await lab.get())['SECRET_KEY']);
      expect(keys).toContain(OLD.key);
    },
  );

  async function secretIds(): Promise<string[]> {
    const path = 'auth/approle/role/ofitec-reader/secret-id?list=true';
    return (await lab.bao.call('GET', path)).body.data?.['keys'] as string[];
  }

  it('token: the host signs in with the new secret id, and the old one is refused', async () => {
    const [before, known] = [lab.read('ofitec-reader.secret-id'), await secretIds()];
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
    expect(await secretIds()).toHaveLength(known.length);
    expect(lab.read('runbook.md')).not.toContain(after);
  });

  it.each(
    [3, 4, 5, 6].flatMap((n) => (['before', 'after'] as const).map((when) => [when, n] as const)),
  )('token: killed %s its write %i, it goes on and leaves one secret id', async (when, at) => {
    const known = await secretIds();
    expect(await killed('token', at, when)).toBe(true);
    expect(await rotate('token', '--resume')).toMatchObject({ code: 0 });
    expect(await secretIds()).toHaveLength(known.length);
    expect(await lab.as('reader', 'render', '--check').end()).toMatchObject({ code: 0 });
  });

  it('is examined by the doctor, who sees no value', async () => {
    const doctor = (): Promise<Ended> =>
      lab.as('doctor', 'doctor', '--json', '--metrics', lab.file('metrics.prom')).end();
    const well = await doctor();
    const findings = JSON.parse(well.output) as { what: string; state: string; sentence: string }[];
    const states = Object.fromEntries(findings.map(({ what, state }) => [what, state]));
    expect(well.code).toBe(0);
    expect(states).toMatchObject({
      ...{ 'audit device': 'good', keys: 'good', token: 'good' },
      ...{ 'age of restic': 'good', 'rotation of restic': 'good', 'age of token': 'good' },
    });
    const metrics = readFileSync(lab.file('metrics.prom'), 'utf8');
    expect(metrics).toMatch(/^ofitec_secrets_age_days\{secret="restic"\} 0(\.\d+)?$/m);
    expect(metrics).toMatch(/^ofitec_vault_up\{server="127\.0\.0\.1:\d+"\} 1$/m);
    const values = Object.values(await lab.get());
    for (const value of values) expect(`${well.output}${metrics}`).not.toContain(value);

    const { SECRET_KEY: _, ...rest } = await lab.get();
    await lab.put(rest);
    expect(await doctor()).toMatchObject({
      code: 2,
      output: expect.stringContaining('no SECRET_KEY'),
    });
    await lab.put({ ...rest, SECRET_KEY: OLD.key });
    await lab.bao.seal();
    expect(await doctor()).toMatchObject({ code: 2, output: expect.stringContaining('sealed') });
    await lab.bao.unseal();
    await lab.faulty.set('down');
    expect(await doctor()).toMatchObject({
      code: 2,
      output: expect.stringContaining('unreachable'),
    });
    await lab.faulty.set('none');
    const spooled = new secrets.Spool(lab.spool).list().map(({ entry }) => entry);
    expect(spooled).toContainEqual(
      expect.objectContaining({ type: 'rotation.stuck', key: 'restic', good: true }),
    );
  });
});

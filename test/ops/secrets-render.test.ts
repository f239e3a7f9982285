import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { parse as dotenv } from 'dotenv';
import * as fc from 'fast-check';
import { parse as yaml } from 'yaml';
import { run, secrets, SecretsLab } from '#test';
import type { Ended } from '#test';

const GOOD = {
  SECRET_KEY: 'a b#c $HOME `id` "x" ñ €  ',
  DATABASE_URL: 'postgres://ofitec_app:canary-8pQ@db/ofitec',
  TLS_KEY: '-----BEGIN KEY-----\nline\n-----END KEY-----\n',
  NODE_OPTIONS: '--require /tmp/evil.js',
};

/** `ofitec secrets render` against a real OpenBao, and its files as their readers read them. */
describe('rendering secrets', () => {
  let lab: SecretsLab;
  const env = (): string => lab.file('host/ofitec.env');
  const pem = (): string => lab.file('host/tls.pem');

  beforeAll(async () => {
    lab = await SecretsLab.open();
    mkdirSync(lab.file('host'));
    lab.configure({
      env: { file: env(), keys: ['SECRET_KEY', 'DATABASE_URL'] },
      files: [{ key: 'TLS_KEY', file: pem() }],
    });
    await lab.put(GOOD);
    await written();
  }, 180_000);

  afterEach(async () => lab.faulty.set('none'));
  afterAll(() => lab.close());

  const render = (...args: string[]): Promise<Ended> => lab.as('reader', 'render', ...args).end();

  async function written(): Promise<string> {
    const { code, output } = await render();
    expect([code, output]).toEqual([0, expect.stringContaining('ofitec.env')]);
    return lab.read('host/ofitec.env');
  }

  const leftovers = (): string[] =>
    readdirSync(lab.file('host')).filter((name) => name.startsWith('.'));

  it('writes what is allowed, for its own user only, and says what it left out', async () => {
    const { code, output } = await render('--json');
    expect(code).toBe(0);
    expect(JSON.parse(output)).toMatchObject({
      version: expect.any(Number),
      files: [
        { file: env(), keys: ['SECRET_KEY', 'DATABASE_URL'], state: 'unchanged' },
        { file: pem(), keys: ['TLS_KEY'], state: 'unchanged' },
      ],
      notRendered: ['NODE_OPTIONS'],
    });
    expect(output).not.toContain('canary');
    expect([env(), pem()].map((file) => statSync(file).mode & 0o777)).toEqual([0o600, 0o600]);
    expect(lab.read('host/tls.pem')).toBe(GOOD.TLS_KEY);
    expect(lab.read('host/ofitec.env')).not.toContain('evil');
  });

  it('says what it reads, and makes nothing that it could not write down', async () => {
    const help = await lab.start(['--help'], {}).end();
    for (const name of ['VAULT_ADDR', 'VAULT_CACERT', 'or VAULT_TOKEN_FILE', 'SECRETS_CONFIG']) {
      expect(help.output).toContain(name);
    }
    const wrap = (role: string, out: string): Promise<Ended> =>
      lab.asRoot('wrap', '--role', role, '--out', lab.file(out));
    const { output } = await wrap('ofitec-nobody', 'wrap');
    for (const role of ['reader', 'rotator', 'doctor', 'door', 'totp', 'lease']) {
      expect(output).toContain(`ofitec-${role}`);
    }
    const asked = lab.faulty.seen.length;
    const says = expect.stringMatching(/none is not there: make it/);
    expect(await wrap('ofitec-reader', 'none/wrap')).toMatchObject({ code: 1, output: says });
    expect(lab.faulty.seen).toHaveLength(asked);
    expect(await wrap('ofitec-reader', 'wrap')).toMatchObject({ code: 0 });
    expect(statSync(lab.file('wrap')).mode & 0o777).toBe(0o600);
  });

  it('checks without writing, and mends modes and contents', async () => {
    expect(await render('--check')).toMatchObject({ code: 0 });
    chmodSync(env(), 0o644);
    expect(await render('--check')).toMatchObject({
      code: 1,
      output: expect.stringContaining('differs'),
    });
    await written();
    expect(statSync(env()).mode & 0o777).toBe(0o600);
    writeFileSync(pem(), 'half');
    expect((await render('--check')).code).toBe(1);
    expect(lab.read('host/tls.pem')).toBe('half');
    await written();
    expect(lab.read('host/tls.pem')).toBe(GOOD.TLS_KEY);
  });

  it('is what render_env.sh runs', async () => {
    const { code, output } = await run(
      'bash',
      [resolve('infra/secrets/render_env.sh'), '--check'],
      {
        cwd: '/',
        env: {
          VAULT_ADDR: lab.faulty.url,
          VAULT_CACERT: lab.bao.caFile,
          SECRETS_CONFIG: lab.file('secrets.json'),
          VAULT_ROLE_ID: lab.read('ofitec-reader.role-id'),
          VAULT_SECRET_ID_FILE: lab.file('ofitec-reader.secret-id'),
        },
      },
    ).end();
    expect([code, output]).toEqual([0, expect.stringContaining('unchanged')]);
  });

  it.each([
    ['down', 'cannot be reached'],
    ['slow', 'no answer'],
    ['denied', '403'],
    ['limited', '429'],
    ['no leader', 'stands by'],
    ['broken', '500'],
    ['not json', 'not Vault'],
    ['stranger', 'does not name'],
  ] as const)('%s: says so, keeps the files and raises an alert', async (fault, says) => {
    const before = lab.read('host/ofitec.env');
    await lab.put({ ...GOOD, SECRET_KEY: 'the next one' });
    await lab.faulty.set(fault);
    const { code, output } = await render();
    expect([code, output]).toEqual([1, expect.stringContaining(says)]);
    expect(output).toContain('stay as they are');
    expect(output).not.toContain('canary');
    expect([lab.read('host/ofitec.env'), leftovers()]).toEqual([before, []]);
    const spooled = new secrets.Spool(lab.spool).list();
    expect(spooled.map(({ entry }) => [entry.type, entry.good])).toEqual([
      ['vault.unavailable', false],
    ]);
    await lab.put(GOOD);
  });

  it('sealed: says so, and keeps the files', async () => {
    const before = lab.read('host/ofitec.env');
    await lab.bao.seal();
    const { code, output } = await render();
    await lab.bao.unseal();
    expect([code, output]).toEqual([1, expect.stringContaining('Vault is sealed')]);
    expect(lab.read('host/ofitec.env')).toBe(before);
  });

  it.each([
    ['a single quote', { ...GOOD, SECRET_KEY: "it's" }, 'SECRET_KEY holds a single quote'],
    ['a backslash', { ...GOOD, SECRET_KEY: 'C:\\' }, 'SECRET_KEY holds a backslash'],
    [
      'a line that injects',
      { ...GOOD, SECRET_KEY: 'a\nPATH=/tmp' },
      'SECRET_KEY has several lines',
    ],
    ['a missing key', { DATABASE_URL: 'x', TLS_KEY: 'y' }, 'Vault has no SECRET_KEY'],
    ['an empty one', { ...GOOD, SECRET_KEY: '' }, 'SECRET_KEY is no text, or empty'],
    ['another type', { ...GOOD, SECRET_KEY: { a: 'x' } }, 'SECRET_KEY is no text, or empty'],
  ])('refuses %s and writes no file at all', async (_, data, says) => {
    const before = [lab.read('host/ofitec.env'), lab.read('host/tls.pem')];
    await lab.put({ ...data, TLS_KEY: 'changed, but not without the others' });
    const { code, output } = await render();
    expect([code, output]).toEqual([1, expect.stringContaining(says)]);
    expect([lab.read('host/ofitec.env'), lab.read('host/tls.pem')]).toEqual(before);
    expect(leftovers()).toEqual([]);
    await lab.put(GOOD);
  });

  it('as root it writes for whom the folder is, who could not read it otherwise', async () => {
    const theirs = lab.file('theirs');
    mkdirSync(theirs, { mode: 0o700 });
    chownSync(theirs, 1_234, 1_234);
    // Whoever may put a file into a folder for everybody gets nothing by it.
    const everybody = lab.file('everybody');
    mkdirSync(everybody);
    chmodSync(everybody, 0o1777);
    writeFileSync(join(everybody, 'key'), 'put there', { mode: 0o600 });
    chownSync(join(everybody, 'key'), 1_234, 1_234);
    lab.configure({
      env: { file: join(theirs, 'ofitec.env'), keys: ['SECRET_KEY'] },
      files: [{ key: 'TLS_KEY', file: join(everybody, 'key') }],
    });
    expect(await render()).toMatchObject({ code: 0 });
    const of = (file: string): number[] => {
      const { uid, gid, mode } = statSync(file);
      return [uid, gid, mode & 0o777];
    };
    expect(of(join(theirs, 'ofitec.env'))).toEqual([1_234, 1_234, 0o600]);
    expect(of(join(everybody, 'key'))).toEqual([0, 0, 0o600]);
  });

  it('writes through no link, and into no folder that others may write', async () => {
    await lab.put(GOOD);
    const open = lab.file('open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    const victim = lab.file('victim');
    writeFileSync(victim, 'mine');
    symlinkSync(victim, lab.file('host/linked.env'));
    const keys = ['SECRET_KEY'];
    const config = (file: string): object => ({ env: { file, keys } });
    lab.configure(config(join(open, 'ofitec.env')));
    expect((await render()).output).toContain('may be written by others');
    lab.configure(config(lab.file('host/linked.env')));
    expect((await render()).code).toBe(0);
    expect(lab.read('victim')).toBe('mine');
    for (const key of ['NODE_OPTIONS', 'LD_PRELOAD', 'BASH_ENV', 'PATH', 'A B']) {
      lab.configure({ env: { file: env(), keys: [key] } });
      expect(await render()).toMatchObject({ code: 1, output: expect.stringContaining(key) });
    }
  });
});

/** What each of the readers makes of the value of KEY in a file. */
const READERS: Readonly<Record<string, (file: string, text: string) => string | undefined>> = {
  dotenv: (_, text) => dotenv(text)['KEY'],
  node: (_, text) => parseEnv(text)['KEY'],
  bash: (file) => {
    const script = 'set -a; . "$1"; printf %s "$KEY"';
    const env = { PATH: process.env['PATH'], HOME: '/root' };
    return output('bash', ['-c', script, 'bash', file], env);
  },
  // The parser of EnvironmentFile= is that of os-release; systemd-tmpfiles shows what it reads there.
  systemd: (file, text) => {
    const root = join(file, '..', 'root');
    rmSync(root, { recursive: true, force: true });
    mkdirSync(join(root, 'etc'), { recursive: true });
    writeFileSync(join(root, 'etc', 'os-release'), `ID=x\n${text.replace('KEY=', 'BUILD_ID=')}`);
    writeFileSync(join(root, 'show.conf'), 'f+ /out - - - - %B\n');
    output('systemd-tmpfiles', [`--root=${root}`, '--create', join(root, 'show.conf')]);
    return readFileSync(join(root, 'out'), 'utf8');
  },
  compose: (file) => {
    const project = join(file, '..', 'docker-compose.yml');
    const service = { image: 'none', env_file: [file] };
    writeFileSync(project, JSON.stringify({ version: '3', services: { a: service } }));
    const { services } = yaml(output('docker-compose', ['-f', project, 'config'])) as {
      services: { a: { environment: Record<string, string> } };
    };
    // What it prints is a file that it would read again.
    return services.a.environment['KEY']?.replaceAll('$$', '$');
  },
};

function output(
  command: string,
  args: readonly string[],
  env?: Record<string, string | undefined>,
): string {
  const { stdout, status, stderr, error } = spawnSync(command, args, env ? { env } : {});
  if (error) throw error;
  if (status !== 0) throw new Error(stderr.toString());
  return stdout.toString();
}

/** The table of dialects: why there is one, and that all five readers read it. */
describe('the dialect of environment files', () => {
  let folder: string;
  const read = (reader: string, text: string): string | undefined => {
    const file = join(folder, 'test.env');
    writeFileSync(file, text);
    try {
      return READERS[reader]?.(file, text);
    } catch {
      return undefined;
    }
  };
  const writable = fc
    .string({ unit: 'binary', maxLength: 40 })
    .filter((value) => value !== '' && secrets.refusalOf(value) === null);

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-test-dialect-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ['dotenv', 300],
    ['node', 300],
    ['bash', 60],
    ['systemd', 60],
    ['compose', 4],
  ])(
    '%s reads whatever is written',
    (reader, numRuns) => {
      const hard = ['a b#c $HOME `id` $(id) "x" !! ñ € % %%', ' # ', '$$', '=', '"', '{}:;&|*?~'];
      fc.assert(
        fc.property(writable, (value) => {
          const text = secrets.writeDialect(new Map([['KEY', value]]));
          expect(read(reader, text)).toBe(value);
        }),
        { numRuns, examples: hard.map((value) => [value]) },
      );
    },
    120_000,
  );

  // What stands between the quotes is refused because somebody reads it differently.
  it.each([
    ["it's", ['bash', 'node']],
    ['two \\\\ slashes', ['compose']],
    ['a ${HOME}', ['compose']],
    ['\u{10fffe}', ['systemd']],
    ["a'\nINJECTED='1", ['dotenv', 'node', 'bash', 'systemd']],
  ])('refuses %j, which %j would read otherwise', (value, wrong) => {
    expect(secrets.refusalOf(value)).not.toBeNull();
    expect(() => secrets.writeDialect(new Map([['KEY', value]]))).toThrow(
      /^Cannot be written: KEY/,
    );
    for (const reader of wrong)
      expect([reader, read(reader, `KEY='${value}'\n`)]).not.toEqual([reader, value]);
  });

  it.each([
    ['a b#c d', ['dotenv', 'node', 'bash']],
    ['p$HOME', ['bash']],
    ['x`id`y', ['bash']],
  ])('quotes %j, which %j read otherwise without quotes', (value, wrong) => {
    for (const reader of wrong) expect(read(reader, `KEY=${value}\n`)).not.toBe(value);
  });

  it('reads strictly, and believes no line that it would not have written', () => {
    for (const text of ["A='x'", 'A=x\n', "A='x'\nA='y'\n", "a='x'\n", "A='x' \n", "\nA='x'\n"]) {
      expect(() => secrets.readDialect(text)).toThrow();
    }
    expect([...secrets.readDialect("A='x'\nB=''\n")]).toEqual([
      ['A', 'x'],
      ['B', ''],
    ]);
  });
});

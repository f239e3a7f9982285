import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const UNITS = 'infra/systemd';
const SERVICE = 'ofitec-alert-check.service';
const TIMERS = [
  'ofitec-alert-check.timer',
  'ofitec-backup.timer',
  'ofitec-csp-digest.timer',
  'ofitec-restore-test.timer',
  'ofitec-secrets-render.timer',
];
const DIGEST = 'ofitec-csp-digest.service';
const EMIT = 'ofitec-csp-emit.service';
const BACKUPS = ['ofitec-backup.service', 'ofitec-restore-test.service'];
const PROGRAMS = [
  DIGEST,
  EMIT,
  ...BACKUPS,
  'ofitec-failover-decide.service',
  'ofitec-failover-observe.service',
  'ofitec-secrets-lease.service',
  'ofitec-migrate.service',
  'ofitec-secrets-render.service',
  'ofitec-vrrp.service',
  'ofitec-worker.service',
  'ofitec@.service',
];
/** As root: they may do what reloads a server. */
const RELOADS = ['ofitec-csp-reload.path', 'ofitec-csp-reload.service'];
/** Units that an installer puts beside its program. */
const INSTALLED = 'infra/failover/patroni';
/** The release in use, and that of a colour. */
const RELEASE = /\/opt\/ofitec\/(current|%i)(?=\/|$)/gm;
const CLONE = '/opt/ofitec';
/** Ten times what systemd calls the exposure: 0 is locked up, 100 is naked. */
const MOST_EXPOSED = 20;

/** The shipped units as systemd reads them, and their commands as it would run them. */
describe('systemd', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-systemd-'));
    for (const name of names()) write(name, readFileSync(join(UNITS, name), 'utf8'));
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const names = (): string[] => readdirSync(UNITS).filter((name) => !/\.(md|ts)$/.test(name));

  /** The unit with its programs where they are here. */
  function write(name: string, text: string): void {
    writeFileSync(
      join(folder, name),
      text.replaceAll(RELEASE, resolve('.')).replaceAll(CLONE, resolve('.')),
    );
  }

  function analyze(...args: string[]): { code: number | null; said: string } {
    const result = spawnSync('systemd-analyze', args, { cwd: folder, encoding: 'utf8' });
    if (result.error) throw result.error;
    return { code: result.status, said: `${result.stdout}${result.stderr}` };
  }

  /** The command of a line of the service, run with these variables alone. */
  function command(
    key: string,
    env: Record<string, string>,
    { unit = SERVICE, more = [] }: { unit?: string; more?: readonly string[] } = {},
  ): { code: number | null; out: string } {
    const text = readFileSync(join(folder, unit), 'utf8');
    const line = new RegExp(`^${key}=(.+)$`, 'm').exec(text)?.[1] ?? '';
    const [program = '', ...args] = line.split(' ');
    const words = args.filter((arg) => !arg.startsWith('$'));
    const result = spawnSync(program, [...words, ...more], {
      env,
      encoding: 'utf8',
      timeout: 60_000,
    });
    return { code: result.status, out: `${result.stdout}${result.stderr}` };
  }

  it('has nothing to say about any unit', () => {
    expect(names().sort()).toEqual([SERVICE, ...TIMERS, ...PROGRAMS, ...RELOADS].sort());
    const units = names().map((name) => `./${name}`);
    expect(analyze('verify', ...units)).toEqual({ code: 0, said: '' });
  });

  it('has nothing to say about the units of the database hosts', () => {
    const units = readdirSync(INSTALLED).filter((name) => name.endsWith('.service'));
    expect(units).toEqual([
      'ofitec-etcd.service',
      'ofitec-guard.service',
      'ofitec-patroni.service',
    ]);
    for (const name of units) {
      const text = readFileSync(join(INSTALLED, name), 'utf8');
      // Patroni is in a folder of its own that the installer makes.
      write(name, text.replaceAll('/opt/ofitec-patroni/bin/patroni', '/bin/true'));
    }
    expect(analyze('verify', ...units.map((name) => `./${name}`))).toEqual({ code: 0, said: '' });
  });

  it('would say what is wrong with one', () => {
    write('broken.service', `${readFileSync(join(UNITS, SERVICE), 'utf8')}\nProtectSytem=strict\n`);
    expect(analyze('verify', './broken.service').said).toContain('ProtectSytem');
    write('gone.service', '[Service]\nType=oneshot\nExecStart=/opt/ofitec/no/such/program\n');
    expect(analyze('verify', './gone.service').said).toContain('not executable');
  });

  it('finds the service locked up', () => {
    const judge = (name: string): number | null =>
      analyze('security', '--offline=true', `--threshold=${MOST_EXPOSED}`, `./${name}`).code;
    for (const name of [SERVICE, ...PROGRAMS]) expect([name, judge(name)]).toEqual([name, 0]);
    write('naked.service', '[Service]\nType=oneshot\nExecStart=/bin/true\n');
    expect(judge('naked.service')).toBe(1);
  });

  it('is as locked up as the page says', () => {
    const page = readFileSync(join(UNITS, 'README.md'), 'utf8');
    const recorded = Object.fromEntries(
      [...page.matchAll(/^\| `(ofitec[a-z@-]*\.service)` +\| +(\d\.\d) +\|/gm)].map(
        ([, name = '', score]) => [name, Number(score)],
      ),
    );
    const services = names().filter((name) => name.endsWith('.service'));
    expect(Object.keys(recorded).sort()).toEqual(services.sort());
    for (const name of services) {
      const { said } = analyze('security', '--offline=true', '--no-pager', `./${name}`);
      const score = Number(/Overall exposure level for \S+: (\d+\.\d)/.exec(said)?.[1]);
      expect([name, score <= (recorded[name] ?? 0)]).toEqual([name, true]);
    }
  });

  it('runs the release in use, and keeps the owner’s login from all but the migration', () => {
    for (const name of names()) {
      const text = readFileSync(join(UNITS, name), 'utf8').replaceAll(/^#.*$/gm, '');
      expect([name, text.replaceAll(RELEASE, '').includes(CLONE)]).toEqual([name, false]);
      expect([name, text.includes('owner.env')]).toEqual([name, name === 'ofitec-migrate.service']);
    }
    // What a colour starts is its own release, with a port of its own.
    const server = readFileSync(join(UNITS, 'ofitec@.service'), 'utf8');
    expect(server).toMatch(/^WorkingDirectory=\/opt\/ofitec\/%i$/m);
    expect(server).toMatch(/^EnvironmentFile=\/etc\/ofitec\/%i\.env$/m);
  });

  it('gives what ends in an orderly way the time that it takes', () => {
    for (const name of ['ofitec@.service', 'ofitec-worker.service']) {
      const text = readFileSync(join(UNITS, name), 'utf8');
      const seconds = Number(/^TimeoutStopSec=(\d+)$/m.exec(text)?.[1]);
      // END_LIMIT_MS of src/lifetime.ts, and the drain of production.
      const limit = /END_LIMIT_MS = (\d+)_000/.exec(readFileSync('src/lifetime.ts', 'utf8'))?.[1];
      expect(seconds).toBeGreaterThan(Number(limit) + 5);
    }
  });

  it('calls a warning no failure, and everything worse one', () => {
    const text = readFileSync(join(UNITS, SERVICE), 'utf8');
    expect(text.match(/^SuccessExitStatus=.*$/gm)).toEqual(['SuccessExitStatus=1']);
    const env = {
      PATH: process.env['PATH'] ?? '',
      ...{ OFITEC_HOME: folder, LOG_LEVEL: 'error' },
      DATABASE_URL: 'postgres://ofitec_app:none@127.0.0.1:9/ofitec',
    };
    const down = command('ExecStart', env);
    expect(down.out).toMatch(/^OFITEC ALERTS CRITICAL - .*DATABASE DOWN/);
    expect(down.code).toBe(2);
    expect(command('ExecStart', { ...env, ALERT_DISK_LEAST_PERCENT: 'much' }).code).toBe(3);
    expect(command('ExecStartPre', env).code).toBe(0);
    // A program that cannot run at all is no warning.
    const broken = { ...env, NODE_OPTIONS: '--import=./no/such/file.mjs' };
    expect(command('ExecStart', broken).code).toBe(1);
    expect(command('ExecStartPre', broken).code).not.toBe(0);
  });

  it('starts commands that there are, with options that they know', () => {
    const env = { PATH: process.env['PATH'] ?? '', OFITEC_HOME: folder, LOG_LEVEL: 'error' };
    const tried: string[] = [];
    for (const unit of names().filter((name) => name.endsWith('.service'))) {
      const text = readFileSync(join(UNITS, unit), 'utf8');
      const [, script = '', rest = ''] = /^ExecStart=\S+node .*?(dist\/\S+\.js)(.*)$/m.exec(text) ?? [];
      const words = rest.split(' ').filter((word) => word !== '');
      const first = words.findIndex((word) => /^[-$]/.test(word));
      const verbs = first < 0 ? words : words.slice(0, first);
      if (verbs.length === 0) continue;
      tried.push(unit);
      const said = spawnSync(process.execPath, [script, ...verbs, '--help'], { env, encoding: 'utf8', timeout: 60_000 });
      // Help is given for a wrong word, too: of the command above it.
      expect([unit, said.status, said.stdout]).toEqual([unit, 0, expect.stringMatching(new RegExp(`^Usage: .*\\b${verbs.join(' ')}( |$)`, 'm'))]);
      const given = [...words.join(' ').matchAll(/(?:^| )(--[a-z-]+)/g)].map(([, option = '']) => option);
      for (const option of given) expect([unit, said.stdout]).toEqual([unit, expect.stringContaining(option)]);
    }
    expect(tried.length).toBeGreaterThan(9);
  }, 120_000); // prettier-ignore

  it('names options of the emission that there are', () => {
    const env = { PATH: process.env['PATH'] ?? '', OFITEC_HOME: folder, LOG_LEVEL: 'error' };
    const options = /^Environment="CSP_EMIT=(.+)"$/m.exec(readFileSync(join(UNITS, EMIT), 'utf8'));
    // The first option that is not there is named: all before it are.
    const more = [...(options?.[1] ?? '').split(' '), '--no-such'];
    const { code, out } = command('ExecStart', env, { unit: EMIT, more });
    expect([code, out]).toEqual([1, expect.stringContaining("unknown option '--no-such'")]);
  });

  it('asks for a digest by a command that there is, after the worker’s own', () => {
    const env = { PATH: process.env['PATH'] ?? '', OFITEC_HOME: folder, LOG_LEVEL: 'error' };
    expect(command('ExecStart', env, { unit: DIGEST, more: ['--help'] })).toMatchObject({
      code: 0,
      out: expect.stringContaining('again changes nothing'),
    });
    const down = { ...env, DATABASE_URL: 'postgres://ofitec_app:none@127.0.0.1:9/ofitec' };
    expect(command('ExecStart', down, { unit: DIGEST }).code).toBe(1);
    const source = readFileSync('modules/security-csp/digest/digest.service.ts', 'utf8');
    const [, minute = '', hour = ''] = /cron: '(\d+) (\d+) \* \* \*'/.exec(source) ?? [];
    const timer = readFileSync(join(UNITS, 'ofitec-csp-digest.timer'), 'utf8');
    const [, when = '', h = '', m = ''] =
      /^OnCalendar=(\S+ (\d\d):(\d\d):00 .+)$/m.exec(timer) ?? [];
    expect(analyze('calendar', when).code).toBe(0);
    expect(Number(h) * 60 + Number(m)).toBeGreaterThan(Number(hour) * 60 + Number(minute));
  });

  it('runs commands of the backups that there are, and would say what is not configured', () => {
    const env = { PATH: process.env['PATH'] ?? '' };
    for (const unit of BACKUPS) {
      const { code, out } = command('ExecStart', env, { unit });
      expect([unit, code, out]).toEqual([unit, 1, expect.stringContaining('BACKUP_DIR is unset')]);
      expect(command('ExecStart', env, { unit, more: ['--help'] }).code).toBe(0);
    }
    for (const timer of ['ofitec-backup.timer', 'ofitec-restore-test.timer']) {
      const when = /^OnCalendar=(.+)$/m.exec(readFileSync(join(UNITS, timer), 'utf8'))?.[1] ?? '';
      expect([timer, analyze('calendar', when).code]).toEqual([timer, 0]);
    }
  });
});

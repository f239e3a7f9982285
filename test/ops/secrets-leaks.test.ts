import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  askPostgres,
  letLease,
  letRotate,
  READY,
  runServer,
  SecretsLab,
  startOwnServer,
  superuserOf,
} from '#test';
import type { OwnServer } from '#test';

/** Secrets with known values, and every place in which one must never be seen. */
describe('secrets', () => {
  let lab: SecretsLab;
  let postgres: OwnServer;
  const canary = (name: string): string => `canary${name}${randomBytes(24).toString('hex')}`;
  const canaries = new Set<string>();
  /** Everything that was said, by who said it. */
  const said = new Map<string, string>();
  const say = (who: string, what: string): void =>
    void said.set(who, `${said.get(who) ?? ''}${what}`);
  const looking = new AbortController();

  beforeAll(async () => {
    [lab, postgres] = await Promise.all([SecretsLab.open(), startOwnServer()]);
    mkdirSync(lab.file('host'));
    const superuser = superuserOf(postgres);
    const [app, rotator, key] = [canary('app'), canary('rotator'), `${canary('key')}-Zq7`];
    const [leaser, restic] = [canary('leaser'), canary('restic')];
    for (const each of [app, rotator, key, leaser, restic]) canaries.add(each);
    await letLease(postgres, leaser);
    const adminUrl = await letRotate(postgres, rotator);
    await askPostgres(superuser, `ALTER ROLE ofitec_app PASSWORD '${app}'`);
    // What the test itself set is not to be found again as if somebody had leaked it.
    const log = join(postgres.folder, 'postgres.log');
    writeFileSync(log, '');
    for (const set of [
      "log_statement = 'all'",
      "log_min_messages = 'debug1'",
      'log_connections = on',
    ]) {
      await askPostgres(superuser, `ALTER SYSTEM SET ${set}`);
    }
    await askPostgres(superuser, 'SELECT pg_reload_conf()');
    writeFileSync(lab.file('admin-url'), adminUrl, { mode: 0o600 });
    const url = new URL(postgres.urls.application);
    url.password = app;
    await lab.put({
      ...{ DATABASE_URL: url.href, SECRET_KEY: key, SECRET_KEY_FALLBACKS: key },
      RESTIC_PASSWORD: restic,
    });
    writeFileSync(lab.file('restic'), restic, { mode: 0o600 });
    spawnSync('restic', ['init', '--repo', lab.file('repository'), '-p', lab.file('restic')]);
    const place = new URL(postgres.urls.owner).host;
    const connection = {
      connection_url: `postgresql://{{username}}:{{password}}@${place}/ofitec`,
      ...{ username: 'ofitec_leaser', password: leaser },
    };
    writeFileSync(lab.file('database.json'), JSON.stringify({ connection }), { mode: 0o600 });
    say('setup', (await lab.asRoot('setup', '--database', lab.file('database.json'))).output);
    await lab.enrol('ofitec-lease');
    lab.configure({
      env: { file: lab.file('host/ofitec.env'), keys: ['SECRET_KEY', 'SECRET_KEY_FALLBACKS'] },
      files: [
        { key: 'DATABASE_URL', file: lab.file('host/url') },
        { key: 'SECRET_KEY', file: lab.file('host/key') },
      ],
      runbook: lab.file('runbook.md'),
      lease: { url: `postgres://${place}/ofitec`, file: lab.file('host/leased') },
      rotate: {
        db: { adminUrlFile: lab.file('admin-url'), graceSeconds: 0, drainSeconds: 60 },
        'session-key': { announceSeconds: 0 },
        restic: { repository: lab.file('repository'), graceSeconds: 0 },
        token: {
          roleId: lab.read('ofitec-reader.role-id'),
          file: lab.file('ofitec-reader.secret-id'),
        },
      },
    });
    for (const role of ['reader', 'rotator', 'doctor'])
      canaries.add(lab.read(`ofitec-${role}.secret-id`));
  }, 300_000);

  afterAll(async () => {
    await postgres?.stop();
    await lab?.close();
  });

  /** Arguments of every process of the machine, as any of its users sees them. */
  async function watchArguments(): Promise<void> {
    while (!looking.signal.aborted) {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
        try {
          const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
          if (/canary|hvs\./.test(line) || [...canaries].some((each) => line.includes(each))) {
            say('arguments', line);
          }
        } catch {
          // It ended meanwhile.
        }
      }
      await sleep(20);
    }
  }

  async function run(
    role: 'reader' | 'rotator' | 'doctor' | 'totp',
    ...args: string[]
  ): Promise<void> {
    const { output } = await lab.as(role, ...args).end();
    say(`${role} ${args.join(' ')}`, output);
  }

  async function visit(url: string): Promise<void> {
    for (const [path, init] of [
      ['/health/ready', {}],
      ['/openapi.json', {}],
      ['/docs', {}],
      ['/api/v1/auth/login', { method: 'POST', body: '{"login":"x","password":"y"}' }],
      ['/api/v1/auth/login', { method: 'POST', body: '{' }],
      ['/api/v1/sales/orders', {}],
      ['/%00', {}],
    ] as const) {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${url}${path}`, { ...init, headers }).catch(() => null);
      say('HTTP', `${JSON.stringify([...(answer?.headers ?? [])])}${(await answer?.text()) ?? ''}`);
    }
  }

  it('are seen nowhere: not in logs, arguments, errors, answers, nor in what rotation leaves', async () => {
    const watching = watchArguments();
    await run('reader', 'render');
    const server = runServer({
      DATABASE_URL_FILE: lab.file('host/url'),
      SECRET_KEY_FILE: lab.file('host/key'),
      DATABASE_CONNECTION_LIFE_SECONDS: '2',
      LOG_LEVEL: 'debug',
      OFITEC_HOME: lab.file('home'),
    });
    const url = (await server.until(READY))[1] ?? '';
    await visit(url);
    await run('rotator', 'rotate', 'db', '--dry-run');
    await run('rotator', 'rotate', 'db', '--json');
    await run('rotator', 'rotate', 'session-key');
    await run('rotator', 'rotate', 'restic');
    await enrolAndLease();
    await run('rotator', 'rotate', 'token');
    canaries.add(lab.read('ofitec-reader.secret-id'));
    await run('doctor', 'doctor', '--json', '--metrics', lab.file('metrics.prom'));
    for (const fault of ['denied', 'stranger', 'broken', 'down'] as const) {
      await lab.faulty.set(fault);
      await run('reader', 'render');
      await run('rotator', 'rotate', 'db');
      await run('totp', ...recovery);
      say('restore', (await lab.asRoot('restore')).output);
    }
    await lab.faulty.set('none');
    say('restore', (await lab.asRoot('restore')).output);
    // The database goes away, and the login that the server has is refused.
    postgres.kill();
    await visit(url);
    await run('rotator', 'rotate', 'db');
    await server.end('SIGTERM');
    say('server', server.output);
    looking.abort();
    await watching;

    await collectCanaries();
    say('PostgreSQL', readFileSync(join(postgres.folder, 'postgres.log'), 'utf8'));
    say('OpenBao', `${lab.bao.output}${lab.bao.auditLog}`);
    for (const name of ['runbook.md', 'metrics.prom', 'secrets.json']) say(name, lab.read(name));
    for (const name of readdirSync(lab.spool)) say(`spool ${name}`, lab.read(join('spool', name)));
    expect(said.get('PostgreSQL')).toContain('SCRAM-SHA-256$4096:');
    expect(said.get('server')).toMatch(/"level":"(warn|error)"/);
    expect(canaries.size).toBeGreaterThan(26);
    expect([...canaries].filter(({ length }) => length < 20)).toEqual([]);
    const leaks = [...said].flatMap(([who, what]) =>
      [...canaries]
        .filter((each) => what.includes(each))
        .map((each) => `${who}: ${each.slice(0, 12)}`),
    );
    expect(leaks).toEqual([]);
    expect(said.get('arguments')).toBeUndefined();
  }, 240_000);

  const recovery = ['totp', 'recover', '--name', 'ana'];

  /** An app with its recovery codes, and a leased login: what they are told, each to a file. */
  async function enrolAndLease(): Promise<void> {
    const out = lab.file('host/ana.url');
    recovery.push('--out', out, '--code-file', lab.file('host/code'));
    await run('totp', 'totp', 'add', '--name', 'ana', '--out', out);
    const note = (): void => {
      canaries.add(new URL(lab.read('host/ana.url').trim()).searchParams.get('secret') ?? '');
      for (const code of lab.read('host/ana.url.codes').trim().split('\n')) canaries.add(code);
    };
    note();
    const [code = ''] = lab.read('host/ana.url.codes').split('\n');
    writeFileSync(lab.file('host/code'), code, { mode: 0o600 });
    await run('totp', ...recovery);
    note();
    const lease = lab.as('lease', 'lease');
    await lease.until(/^replaced/m);
    canaries.add(new URL(lab.read('host/leased')).password);
    await lease.end('SIGTERM');
    say('lease', lease.output);
  }

  /** The values that rotation made, as Vault keeps them. */
  async function collectCanaries(): Promise<void> {
    for (let version = 1; ; version += 1) {
      const { status, body } = await lab.bao.call('GET', `kv/data/ofitec/prod?version=${version}`);
      if (status !== 200) return;
      const data = body.data?.['data'] as Record<string, string>;
      canaries.add(new URL(data['DATABASE_URL'] ?? '').password);
      for (const key of (data['SECRET_KEY_FALLBACKS'] ?? '').split(',')) canaries.add(key);
      canaries.add(data['SECRET_KEY'] ?? '');
      canaries.add(data['RESTIC_PASSWORD'] ?? '');
    }
  }

  it('would be found where one leaked', () => {
    const [some = ''] = canaries;
    say('leak', `password ${some}`);
    expect([...said].filter(([, what]) => what.includes(some)).map(([who]) => who)).toEqual([
      'leak',
    ]);
  });

  it('lie open in no file that is left: every file with one is for its own user only', () => {
    const open: string[] = [];
    const walk = (folder: string): void => {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) walk(path);
        else if (entry.isFile() && (statSync(path).mode & 0o077) !== 0) {
          const text = readFileSync(path, 'latin1');
          if ([...canaries].some((each) => text.includes(each))) open.push(path);
        }
      }
    };
    walk(lab.folder);
    expect(open).toEqual([]);
  });

  it('are in no commit: tokens of Vault, private keys and keys of clouds', () => {
    const shapes = 'hv[sb]\\.[A-Za-z0-9_-]{20}|BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}';
    const { stdout, status } = spawnSync(
      'git',
      ['log', '--all', '-p', '--format=%H', '--extended-regexp', `-G${shapes}`],
      { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 },
    );
    expect(status).toBe(0);
    const lines = stdout.split('\n').filter((line) => new RegExp(`^\\+.*(${shapes})`).test(line));
    // This line itself looks for them.
    expect(lines.filter((line) => !line.includes('const shapes'))).toEqual([]);
  });
});

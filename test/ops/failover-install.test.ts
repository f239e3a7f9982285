import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { kernel, netns, playbook, run, until } from '#test';
import type { Program } from '#test';

const PATRONI = 'infra/failover/patroni';
const KEEPALIVED = 'infra/failover/keepalived';
const SECRET = 'x'.repeat(24);
const CLUSTER = {
  ...{ SCOPE: 'ofitec', NODE: 'pg2', NODES: 'pg1=10.0.0.1 pg2=10.0.0.2 pg3=10.0.0.3' },
  ...{ NETWORK: '10.0.0.0/24', CLIENT_NETWORK: '10.0.0.0/16', ETCD_TOKEN: SECRET },
  ...{ SUPERUSER_PASSWORD: SECRET, REPLICATION_PASSWORD: SECRET, REWIND_PASSWORD: SECRET },
  ...{ REST_PASSWORD: SECRET, ARCHIVE_COMMAND: 'put %p %f', RESTORE_COMMAND: 'get %f %p' },
};
const VIP = {
  ...{ NODE: 'app1', ADDRESS: '10.0.0.11', PEER: '10.0.0.12', PRIORITY: '150' },
  ...{ VIP: '10.0.0.100/24', INTERFACE: 'eth0' },
};

/** The installers and scripts of the failover by themselves; what they make is run by failover-matrix. */
describe('what the failover installs', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-install-'));
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function install(
    what: string,
    variables: Readonly<Record<string, string>>,
    root: string,
    ...args: readonly string[]
  ): Promise<{ code: number | null; output: string }> {
    const env = join(folder, `${root}.env`);
    const lines = Object.entries(variables).map(([name, value]) => `${name}="${value}"`);
    writeFileSync(env, `${lines.join('\n')}\n`);
    const words = ['--root', join(folder, root), '--env', env, ...args];
    return run(join(what, 'install.sh'), words).end();
  }

  it.each([
    [PATRONI, CLUSTER, 'db', 10],
    [KEEPALIVED, VIP, 'app', 5],
  ] as const)('%s: says first, writes then, and changes nothing again', async (what, variables, root, files) => {
    const dry = await install(what, variables, root, '--dry-run');
    expect([dry.code, dry.output.match(/^would write/gm)?.length]).toEqual([0, files]);
    expect(readdirSync(folder)).not.toContain(root);
    const first = await install(what, variables, root);
    expect([first.code, first.output.match(/^written/gm)?.length]).toEqual([0, files]);
    const again = await install(what, variables, root);
    expect([again.code, again.output.match(/^as it was/gm)?.length, again.output.match(/^written/gm)]).toEqual([0, files, null]);
    const all = readdirSync(join(folder, root), { recursive: true, withFileTypes: true });
    for (const file of all.filter((each) => each.isFile() && !each.name.endsWith('.sh'))) {
      const text = readFileSync(join(file.parentPath, file.name), 'utf8');
      expect([file.name, /\$\{[A-Z_]+\}/.test(text)]).toEqual([file.name, false]);
    }
  }); // prettier-ignore

  it('demands a watchdog, pre-vote and strict replication unless told otherwise', () => {
    const patroni = readFileSync(join(folder, 'db/etc/ofitec/patroni.yml'), 'utf8');
    expect(patroni).toMatch(/^ {2}mode: required$/m);
    expect(patroni).toMatch(/^ {4}synchronous_mode_strict: true$/m);
    const etcd = readFileSync(join(folder, 'db/etc/ofitec/etcd.env'), 'utf8');
    expect(etcd).toMatch(/^ETCD_PRE_VOTE=true$/m);
    const guard = JSON.parse(readFileSync(join(folder, 'db/etc/ofitec/guard.json'), 'utf8')) as object;
    expect(guard).toMatchObject({ member: 'pg2', members: ['pg1', 'pg2', 'pg3'] });
  }); // prettier-ignore

  it.each([
    [PATRONI, { ...CLUSTER, NODES: 'pg1=10.0.0.1 pg2=10.0.0.2' }, /three members or more/],
    [PATRONI, { ...CLUSTER, NODE: 'pg9' }, /does not name this host, pg9/],
    [PATRONI, { ...CLUSTER, REST_PASSWORD: 'short' }, /REST_PASSWORD must be 16/],
    [PATRONI, { ...CLUSTER, WATCHDOG_MODE: 'of' }, /WATCHDOG_MODE is of/],
    [KEEPALIVED, { ...VIP, PEER: VIP.ADDRESS }, /PEER must be the other/],
    [KEEPALIVED, { ...VIP, VIP: '10.0.0.100' }, /VIP must be an address with its mask/],
    [KEEPALIVED, { ...VIP, OFITEC_URL: 'http://10.0.0.12:3000' }, /must be this machine/],
  ] as const)('%s refuses what it cannot do right (%#)', async (what, variables, reason) => {
    const { code, output } = await install(what, variables, 'refused');
    expect([code, output]).toEqual([1, expect.stringMatching(reason)]);
    expect((await run(join(what, 'install.sh'), ['--dryrun']).end()).code).toBe(2);
  });

  it('keeps a segment of the log once, and never another one under its name', async () => {
    const wal = join(folder, 'wal');
    mkdirSync(wal);
    const [one, other, back] = ['one', 'other', 'back'].map((name) => join(folder, name));
    writeFileSync(one ?? '', 'one');
    writeFileSync(other ?? '', 'other');
    const tell = async (...args: readonly string[]): Promise<number | null> =>
      (await run(join(PATRONI, 'wal.sh'), args).end()).code;
    expect(await tell('archive', wal, one ?? '', '0001')).toBe(0);
    expect(await tell('archive', wal, one ?? '', '0001')).toBe(0);
    expect(await tell('archive', wal, other ?? '', '0001')).toBe(1);
    expect(await tell('restore', wal, back ?? '', '0001')).toBe(0);
    expect(readFileSync(back ?? '', 'utf8')).toBe('one');
    expect(await tell('restore', wal, back ?? '', '0002')).toBe(1);
    expect(await tell('restore', wal, back ?? '', '../one')).toBe(2);
    expect(readdirSync(wal)).toEqual(['0001']);
  });
});

const HEALTH = 'infra/failover/health.sh';
/** What the OFITEC of this machine does when it is asked, and how `health.sh` ends then. */
const MODES = {
  well: 0,
  // Readiness waits for the database, which is not this machine's: neither its silence nor its no counts.
  'ready silent': 0,
  'database down': 0,
  ending: 3,
  broken: 2,
  cached: 2,
  echo: 2,
  moved: 2,
  silent: 1,
  'cut off': 1,
} as const;
type Mode = keyof typeof MODES;

/** Answers as a mode says. @returns status and body; null: nothing, for ever */
function answerOf(mode: Mode, path: string, nonce: string | null): [number, string] | null {
  const details = { database: { status: mode === 'database down' ? 'down' : 'up' }, process: { status: mode === 'ending' ? 'down' : 'up' } }; // prettier-ignore
  if (path === '/health/ready') {
    if (mode === 'ready silent') return null;
    return [mode === 'well' ? 200 : 503, JSON.stringify({ nonce, details })];
  }
  if (path !== '/health/live') return [404, ''];
  if (mode === 'silent') return null;
  if (mode === 'echo') return [200, `You asked for ${path}?nonce=${nonce}`];
  const status = mode === 'broken' ? 500 : mode === 'moved' ? 302 : 200;
  return [status, JSON.stringify({ status: 'ok', nonce: mode === 'cached' ? 'kept' : nonce })];
}

/** Every way in which the check of keepalived ends, with the real curl and with one that is played. */
describe('health.sh', () => {
  let folder: string;
  let mode: Mode = 'well';
  let url: string;
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
    const answer = answerOf(mode, pathname, searchParams.get('nonce'));
    if (mode === 'cut off') request.socket.destroy();
    else if (answer) response.writeHead(answer[0]).end(answer[1]);
  });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-health-'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(() => {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  });

  const check = async (env: Record<string, string> = {}): Promise<number | null> =>
    (await run('/bin/bash', [HEALTH], { env: { OFITEC_URL: url, ...env } }).end()).code;
  // It waits for tenths of a second, which a machine under load may take for nothing: it is asked until it ends so.
  const ends = async (code: number, env?: Record<string, string>): Promise<number> =>
    until(`health.sh ends with ${code}`, async () => (await check(env)) === code);

  it.each(Object.entries(MODES))('tells %s from everything else (%d)', async (now, code) => {
    mode = now as Mode;
    await ends(code);
  });

  it('asks this machine and nobody in between, whatever the user has set for curl', async () => {
    mode = 'well';
    writeFileSync(join(folder, '.curlrc'), 'output = "/dev/null"\n');
    const nobody = 'http://127.0.0.1:1';
    await ends(0, { HOME: folder, http_proxy: nobody, ALL_PROXY: nobody });
  });

  /** A curl that ends so at the first question, and at the second always well. @returns what it was asked */
  async function played(ends: number): Promise<{ code: number | null; asked: string[] }> {
    const bin = mkdtempSync(join(folder, 'bin-'));
    const lines = [
      '#!/bin/bash',
      `printf '%s\\n' "$*" >> ${bin}/asked`,
      `[ "$(wc -l < ${bin}/asked)" = 1 ] && [ ${ends} != 0 ] && exit ${ends}`,
      'printf \'{"nonce":"%s"}\\n200\' "${!###*=}"',
    ];
    writeFileSync(join(bin, 'curl'), `${lines.join('\n')}\n`, { mode: 0o755 });
    const env = { PATH: `${bin}:/usr/bin:/bin` };
    const { code } = await run('/bin/bash', [HEALTH], { env }).end();
    return { code, asked: readFileSync(join(bin, 'asked'), 'utf8').trim().split('\n') };
  }

  it.each([
    // Refused, too slow, an empty answer, cut off while asking or while answering: nobody serves here.
    ...[7, 18, 28, 52, 55, 56].map((ends) => [ends, 1] as const),
    // No such name, no such way of asking, no TLS, no file, no memory: it is the check that fails.
    ...[1, 2, 3, 5, 6, 22, 23, 27, 35, 60, 127].map((ends) => [ends, 4] as const),
  ])('takes curl’s %d for %d, and asks no more', async (ends, code) => {
    const { code: told, asked } = await played(ends);
    expect([told, asked.length]).toEqual([code, 1]);
  });

  it('asks twice, briefly, at the usual port, with a word that nobody can know', async () => {
    const [one, two] = [await played(0), await played(0)];
    const question = (seconds: number, path: string): RegExp =>
      new RegExp(`^-q -sS --noproxy \\* --connect-timeout ${seconds} --max-time ${seconds} -w \\\\n%\\{http_code\\} http://127\\.0\\.0\\.1:3000/health/${path}\\?nonce=(\\d+\\.\\d+)$`); // prettier-ignore
    const nonces = [one, two].map(({ code, asked }) => {
      expect([code, asked.length]).toEqual([0, 2]);
      expect(asked[0]).toMatch(question(0.8, 'live'));
      expect(asked[1]).toMatch(question(0.4, 'ready'));
      return /nonce=(.*)/.exec(asked[0] ?? '')?.[1];
    });
    expect(new Set(nonces).size).toBe(2);
    // Both together end before keepalived loses its patience.
    const conf = readFileSync(join(KEEPALIVED, 'keepalived.conf'), 'utf8');
    expect(Number(/^ {4}timeout (\d+)$/m.exec(conf)?.[1])).toBeGreaterThan(0.8 + 0.4);
  });

  it('cannot ask where nobody listens, without a way of asking, nor without curl', async () => {
    expect(await check({ OFITEC_URL: 'http://127.0.0.1:1' })).toBe(1);
    expect(await check({ OFITEC_URL: 'gopher:nothing' })).toBe(4);
    expect(await check({ PATH: folder })).toBe(4);
  });
});

const PAGE = 'runbooks/playbooks/failover_automatico.md';

/** What the pages say beyond what the lab follows line by line (`failover-matrix`, `failover-dns`). */
describe('the pages of the failover', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-page-'));
    // PostgreSQL runs as somebody else than root.
    chmodSync(folder, 0o755);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const blockWith = (word: string): string =>
    playbook.blocksOf(playbook.pageOf(PAGE)).find(({ text }) => text.includes(word))?.text ?? 'exit 9'; // prettier-ignore
  const tell = async (text: string, DATOS: string): ReturnType<Program['end']> =>
    run('bash', ['-eu', '-c', text], { env: { DATOS } }).end();

  it('name no command in passing that is not among those which a test runs', () => {
    const blocks = playbook.blocksOf(playbook.pageOf(PAGE)).flatMap(({ text }) => text.split('\n'));
    const programs = /^(patronictl|etcdctl|ofitec|guard|systemctl|pg_(?!cancel|rewind)\w+|pgrep|sysctl|ip|health\.sh|remove-vip\.sh)\b/;
    for (const path of [PAGE, netns.PLAN]) {
      const prose = playbook.pageOf(path).replaceAll(/^```[^]*?^```$/gm, '');
      for (const [, words = ''] of prose.matchAll(/`([^`\n]+)`/g)) {
        if (!programs.test(words)) continue;
        const isRun = blocks.some((line) => words.split(' ').every((word) => line.includes(word)));
        expect([path, words, isRun]).toEqual([path, words, true]);
      }
    }
  }); // prettier-ignore

  it('repeat what was measured, figure by figure', () => {
    const measured = netns.recoveryTable(playbook.pageOf(netns.MEASURED));
    expect(measured.length).toBeGreaterThan(20);
    expect(netns.tableOf(playbook.pageOf(netns.PLAN))).toEqual(measured);
  });

  it('end a pg_rewind that hangs, as Patroni starts it, and no other one', async () => {
    const [stuck, other] = ['data', 'data2'].map((name) => {
      const script = 'console.log("here"); setTimeout(() => {}, 120_000)';
      // With a restore_command it restores by itself, and its folder is not the first thing that it is told.
      const words = ['--restore-target-wal', '--config-file=/etc/x', '-D', join(folder, name), '--source-server', 'host=10.0.0.1']; // prettier-ignore
      return run('bash', ['-c', 'exec -a /usr/lib/postgresql/15/bin/pg_rewind "$@"', 'bash', process.execPath, '-e', script, '--', ...words]); // prettier-ignore
    });
    if (!stuck || !other) throw new Error('Nothing was started.');
    await Promise.all([stuck, other].map(async (each) => each.until(/here/)));
    const { code, output } = await tell(blockWith('pgrep'), join(folder, 'data'));
    expect([code, output]).toEqual([0, expect.stringContaining('tcp_keepalive_time')]);
    await until('it has ended', () => stuck.hasEnded);
    expect(other.hasEnded).toBe(false);
    await other.end('SIGKILL');
    // Where nothing hangs there is nothing to end.
    expect((await tell(blockWith('pgrep'), join(folder, 'data'))).code).toBe(0);
  });

  it('tell how far a stopped server’s log goes', async () => {
    const data = join(folder, 'pg');
    const postgres = await kernel.PostgresServer.start({
      ...{ binaries: '/usr/lib/postgresql/15/bin', data, password: 'test' },
    });
    await postgres.stop();
    const { code, output } = await tell(blockWith('pg_waldump'), data);
    expect([code, output]).toEqual([0, expect.stringMatching(/^línea 1\n.*lsn: 0\/[^]*\n.*invalid record length at 0\//)]); // prettier-ignore
  });
});

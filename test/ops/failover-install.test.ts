import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { run } from '#test';

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

  it('tells a living OFITEC from everything else, in time', async () => {
    let mode: 'well' | 'ending' | 'broken' | 'cached' | 'silent' = 'well';
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? '', 'http://x');
      const nonce = mode === 'cached' ? 'kept' : url.searchParams.get('nonce');
      if (mode === 'silent') return;
      const details = mode === 'ending' && url.pathname === '/health/ready' ? { process: { status: 'down' } } : {}; // prettier-ignore
      response.writeHead(mode === 'broken' ? 500 : 200).end(JSON.stringify({ nonce, details }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const check = async (env: Record<string, string> = {}): Promise<number | null> =>
      (await run(join(KEEPALIVED, 'health.sh'), [], { env: { OFITEC_URL: `http://127.0.0.1:${port}`, ...env } }).end()).code; // prettier-ignore
    const told: Record<string, number | null> = {};
    for (mode of ['well', 'ending', 'broken', 'cached', 'silent'] as const) {
      const began = Date.now();
      told[mode] = await check();
      expect([mode, Date.now() - began < 2_500]).toEqual([mode, true]);
    }
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    told['gone'] = await check();
    expect(told).toEqual({ well: 0, ending: 3, broken: 2, cached: 2, silent: 1, gone: 1 });
    expect(await check({ OFITEC_URL: 'gopher:nothing' })).toBe(4);
  });
});

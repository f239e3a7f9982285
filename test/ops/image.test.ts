import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ImageLab, operations, playbook } from '#test';

const IMAGE = 'registry.example.cl/ofitec:0.1.0';
const [DATABASE, MIGRATE, SERVER, WORKER] = ['database', 'migrate', 'server', 'worker'].map((name) => `container_${name}_1`) as [string, string, string, string]; // prettier-ignore
const MIB = 2 ** 20;
/** What an image may weigh beside its base: Node is 120 of it. */
const MOST_MIB = 360;

/** The image built for real by the page's command, and the whole compose file over it. */
describe('the container image', () => {
  let lab: ImageLab;
  let release: string;
  let url: string;
  let opened: Awaited<ReturnType<typeof operations.openShop>>;
  const page = playbook.blocksOf(playbook.pageOf('infra/container/README.md'))[0]?.text ?? '';
  const [build = '', ...upCommands] = page.split('\n').filter((line) => line !== '');
  let building: Promise<ImageLab> | undefined;

  beforeAll(async () => {
    const made = spawnSync(process.execPath, ['src/bin/pack.mjs', '--id'], { encoding: 'utf8' });
    release = made.stdout.trim();
    building = ImageLab.open();
    lab = await building;
    await lab.script(build, process.cwd());
  }, 1_200_000);

  afterAll(async () => {
    // Also what came too late for its test.
    await (await building?.catch(() => null))?.close();
  }, 120_000);

  /** What a shell says in a fresh container of the image; as its own user unless told. */
  const say = (text: string, user = '10001:10001'): Promise<string> =>
    lab.podman('run', '--rm', '--network=none', '--read-only', '--no-healthcheck', `--user=${user}`, '--entrypoint=sh', IMAGE, '-c', text); // prettier-ignore

  /** Waits until the server says so of itself. */
  const answersReady = async (status: number): Promise<void> => {
    for (let tries = 0; tries < 1_200; tries += 1) {
      const answer = await fetch(`${url}/health/ready`).catch(() => null);
      if (answer?.status === status) return;
      await sleep(50);
    }
    throw new Error(`/health/ready did not become ${status}`);
  };

  it('holds the release that this checkout makes, and nothing else of it', async () => {
    const { id } = JSON.parse(await say('cat release.json')) as { id: string };
    expect([id, release]).toEqual([release, expect.stringMatching(/^\d+\.\d+\.\d+-[0-9a-f]{12}$/)]); // prettier-ignore
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      packages: Record<string, { dev?: boolean }>;
    };
    const there = new Set((await say('find node_modules -name package.json')).split('\n'));
    const has = (path: string): boolean => there.has(join(path, 'package.json'));
    const paths = Object.entries(packages).filter(([path]) => path !== '');
    expect(paths.filter(([path, { dev }]) => dev && has(path)).map(([path]) => path)).toEqual([]);
    expect([has('node_modules/pg'), has('node_modules/jest')]).toEqual([true, false]);
    const kept = 'find / -xdev \\( -name .git -o -name .npmrc -o -name "*.env" ! -name "*.example.env" ! -name "*.template.env" -o -name "*.test.js" -o -path "*/test/support" -o -name "_cacache" \\) ! -path "/proc/*" ! -path "*/node_modules/*"'; // prettier-ignore
    expect(await say(kept, '0:0')).toBe('');
    // Authorities of the machine that built it are not its business, nor is a compiler.
    expect(await say('ls /etc/ssl/certs/ca-certificates.crt /usr/bin/gcc /usr/local/bin/npm 2>/dev/null || true')).toBe(''); // prettier-ignore
  }, 120_000);

  it('is nobody’s to change, has no secret, and says how large it is', async () => {
    const { Config, History, Size } = await lab.image(IMAGE);
    expect(Config).toMatchObject({ User: '10001:10001', StopSignal: 'SIGTERM' });
    expect(Config.Env.map((each) => each.split('=')[0]).sort()).toEqual(['NODE_ENV', 'OFITEC_HOME', 'PATH', 'PORT']); // prettier-ignore
    expect(JSON.stringify(History)).not.toMatch(/SECRET_KEY=|TOKEN=|PASSWORD=|postgres:\/\//);
    const mine = 'find /opt/ofitec \\( ! -user root -o ! -group root -o -perm /022 \\) ! -type l';
    expect(await say(mine)).toBe('');
    const base = await lab.image('localhost/debian:bookworm-slim');
    const own = (Size - base.Size) / MIB;
    process.stdout.write(`the image: ${own.toFixed(0)} MiB over its base\n`);
    expect(own).toBeGreaterThan(100);
    expect(own).toBeLessThan(MOST_MIB);
    expect(await say('id -u; touch /opt/ofitec/x 2>&1; touch x 2>&1; touch /tmp/x && echo free')).toMatch(/^10001\n.*Read-only.*\n.*Read-only.*\nfree$/m); // prettier-ignore
  }, 120_000);

  it('comes up by Compose as its page says: database, migration, server and worker', async () => {
    await lab.serve();
    const commands = upCommands.filter((line) => !line.includes('create-company')).join('\n');
    const reached = commands.replace('ALLOWED_HOSTS=erp.example.cl', '$&,127.0.0.1');
    expect(reached).toMatch(/docker compose up -d/);
    await lab.script(reached, lab.shipped());
    expect((await lab.standing(MIGRATE)).State).toMatchObject({ Status: 'exited', ExitCode: 0 });
    for (const name of [DATABASE, SERVER, WORKER]) await lab.until(name, ({ State }) => State.Health?.Status === 'healthy'); // prettier-ignore
    url = await lab.reach(3000);
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  }, 240_000);

  it('may do little there', async () => {
    for (const name of [SERVER, WORKER]) {
      const said = await lab.inside(name, 'id -u; grep -E "^(CapEff|CapBnd|NoNewPrivs)" /proc/1/status; touch /opt/ofitec/x 2>&1; touch /etc/x 2>&1; touch /tmp/x /var/lib/ofitec/x && echo free; ls /run/secrets'); // prettier-ignore
      expect([name, said.split('\n').slice(0, 7)]).toEqual([
        name,
        [
          ...['10001', 'CapEff:\t0000000000000000', 'CapBnd:\t0000000000000000', 'NoNewPrivs:\t1'],
          ...[expect.stringContaining('Read-only'), expect.stringContaining('Read-only'), 'free'],
        ],
      ]);
      expect(said).not.toContain('owner');
      expect(await lab.inside(name, 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; true')).toBe(`${1024 * MIB}\n`); // prettier-ignore
    }
    // Nobody comes to the database but by the network inside.
    const ask = 'timeout 5 bash -c ": </dev/tcp/database/5432" 2>&1 && echo reached';
    const from = async (network: string): Promise<string> =>
      lab.podman('run', '--rm', `--network=${network}`, '--no-healthcheck', '--entrypoint=bash', IMAGE, '-c', `${ask}; true`); // prettier-ignore
    expect(await from('container_inside')).toContain('reached');
    expect(await from('container_outside')).not.toContain('reached');
  }, 120_000);

  it('takes a payment', async () => {
    const root = {
      read: (_: string, words: readonly string[]): Promise<string> =>
        lab.podman('exec', SERVER, 'node_modules/.bin/node', 'dist/src/cli.js', ...words),
    };
    opened = await operations.openShop(root, url);
    const payment = await operations.takePayment(opened);
    expect((await opened.admin.get(`payments/payments/${payment}`)).status).toBe(200);
  }, 120_000);

  it('drains when it is stopped: not ready, still serving, then gone with 0', async () => {
    const stopping = lab.script('cd infra/container && ALLOWED_HOSTS=x docker compose stop server', lab.folder); // prettier-ignore
    await answersReady(503);
    const payment = await operations.takePayment(opened);
    await stopping;
    expect((await lab.standing(SERVER)).State).toMatchObject({ Status: 'exited', ExitCode: 0 });
    await lab.script(
      'cd infra/container && ALLOWED_HOSTS=x docker compose stop worker',
      lab.folder,
    );
    expect((await lab.standing(WORKER)).State).toMatchObject({ Status: 'exited', ExitCode: 0 });
    await lab.podman('start', SERVER);
    await answersReady(200);
    expect((await opened.admin.get(`payments/payments/${payment}`)).status).toBe(200);
  }, 240_000);
});

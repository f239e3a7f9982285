import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { run } from '#test';

const FOLDER = 'infra/container';

interface Service {
  readonly image: string;
  readonly read_only?: boolean;
  readonly user?: string;
  readonly cap_drop?: readonly string[];
  readonly command?: readonly string[] | string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly unknown[];
  readonly secrets?: readonly (string | { source: string })[];
}

/** No engine is here to build the image: its text is judged, Compose reads the other file, and its health is run. */
describe('infra/container', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-container-'));
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** The instructions of each stage, with lines that go on put together. */
  function stages(): [instruction: string, rest: string][][] {
    const text = readFileSync(join(FOLDER, 'Containerfile'), 'utf8');
    const lines = text.replaceAll('\\\n', ' ').split('\n');
    const instructions = lines
      .filter((line) => line.trim() !== '' && !line.startsWith('#'))
      .map((line): [string, string] => {
        const [word = '', ...rest] = line.split(/\s+/);
        return [word, rest.join(' ')];
      });
    const begins = instructions.flatMap(([word], at) => (word === 'FROM' ? [at] : []));
    return begins.map((at, n) => instructions.slice(at, begins[n + 1]));
  }

  it('builds in one stage and ships another, which is nobody’s and has its health', () => {
    const [build = [], final = [], ...others] = stages();
    expect(others).toEqual([]);
    const of = (stage: typeof final, word: string): string[] =>
      stage.filter(([each]) => each === word).map(([, rest]) => rest);
    expect(of(final, 'USER')).toEqual(['10001:10001']);
    expect(of(final, 'COPY')).toEqual(['--from=build --chown=0:0 /release /opt/ofitec']);
    expect(of(build, 'COPY')).toContain('. .');
    expect([...of(build, 'ADD'), ...of(final, 'ADD'), ...of(final, 'ARG')]).toEqual([]);
    expect(of(final, 'HEALTHCHECK')[0]).toContain('infra/container/health.mjs');
    expect(of(final, 'CMD')).toEqual(['["dist/src/main.js"]']);
    // What is said after it would be root's.
    const user = final.findIndex(([word]) => word === 'USER');
    expect(final.slice(user).filter(([word]) => word === 'RUN' || word === 'COPY')).toEqual([]);
  });

  it('takes no secret, and no base of a moving name', () => {
    const text = readFileSync(join(FOLDER, 'Containerfile'), 'utf8');
    const code = text.replaceAll(/^#.*$/gm, '');
    expect(code).not.toMatch(/SECRET|TOKEN|PASSWORD|DATABASE_URL|latest/);
    expect(code.match(/^ARG .*$/gm)?.every((line) => /:[a-z0-9-]+$/.test(line))).toBe(true);
    const ignored = readFileSync('.dockerignore', 'utf8').split('\n');
    for (const name of ['.git', 'node_modules', 'dist', '.ofitec', '*.env']) expect(ignored).toContain(name); // prettier-ignore
  });

  function compose(): { code: number | null; services: Record<string, Service>; said: string } {
    const place = join(folder, 'container');
    mkdirSync(join(place, 'secrets'), { recursive: true });
    const text = readFileSync(join(FOLDER, 'compose.yaml'), 'utf8');
    writeFileSync(join(place, 'compose.yaml'), text);
    for (const name of text.matchAll(/file: \.\/secrets\/([a-z_]+)/g)) {
      writeFileSync(join(place, 'secrets', name[1] ?? ''), 'of-no-value');
    }
    const env = { PATH: process.env['PATH'] ?? '', HOME: folder, ALLOWED_HOSTS: 'erp.example.cl' };
    const words = ['-f', 'compose.yaml', 'config', '--no-interpolate'];
    const result = spawnSync('docker-compose', words, { cwd: place, env, encoding: 'utf8' });
    if (result.error) throw result.error;
    const { services } = parse(result.stdout) as { services: Record<string, Service> };
    return { code: result.status, said: result.stderr, services };
  }

  it('is a file that Compose reads, with services that may do little', () => {
    const { code, said, services } = compose();
    expect([code, said]).toEqual([0, '']);
    expect(Object.keys(services).sort()).toEqual(['database', 'migrate', 'server', 'worker']);
    for (const name of ['migrate', 'server', 'worker']) {
      expect(services[name]).toMatchObject({ read_only: true, user: '10001:10001', cap_drop: ['ALL'] }); // prettier-ignore
    }
    for (const [name, { image, environment, secrets }] of Object.entries(services)) {
      expect([name, image]).toEqual([name, expect.stringMatching(/:(?!latest)[a-z0-9.-]+$/)]);
      // Each secret is a file, and only the migration has the owner's.
      const open = Object.keys(environment ?? {}).filter((key) => /SECRET|TOKEN|PASSWORD|URL/.test(key)); // prettier-ignore
      expect(open.filter((key) => !key.endsWith('_FILE'))).toEqual([]);
      const owns = JSON.stringify(secrets).includes('database_owner_url');
      expect([name, owns]).toEqual([name, name === 'migrate']);
    }
    expect(JSON.stringify(services['server']?.ports)).toContain('127.0.0.1');
    expect(services['database']?.ports).toBeUndefined();
  }, 60_000);

  it('tells a living server from a sick one and from none', async () => {
    let status = 200;
    const server = createServer((_, response) => response.writeHead(status).end('{}'));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const port = String((server.address() as AddressInfo).port);
    const check = async (args: readonly string[], env: Record<string, string>): Promise<unknown> =>
      (await run(process.execPath, [join(FOLDER, 'health.mjs'), ...args], { env }).end()).code;
    const watch = { METRICS_BIND: `127.0.0.1:${port}`, PORT: '1' };
    expect([await check([], { PORT: port }), await check(['watch'], watch)]).toEqual([0, 0]);
    status = 503;
    expect(await check([], { PORT: port })).toBe(1);
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
    expect(await check([], { PORT: port })).toBe(1);
  });
});

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dropDatabase, freePort, makeDatabase, READY, run, runServer, until as holds } from '#test';
import type { Program } from '#test';

interface Result {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** The shipped configuration in a real Prometheus with a real blackbox exporter, over a real server. */
describe('Prometheus', () => {
  let folder: string;
  let name: string;
  let env: Record<string, string>;
  let ports: { house: number; prometheus: number; blackbox: number };
  let house: Program;
  let prometheus: Program;
  let blackbox: Program;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-prometheus-'));
    cpSync('infra/prometheus', folder, { recursive: true });
    const [one, two, three] = [await freePort(), await freePort(), await freePort()];
    ports = { house: one, prometheus: two, blackbox: three };
    const token = randomBytes(24).toString('base64url');
    writeFileSync(join(folder, 'metrics-token'), `${token}\n`);
    edit('targets/ofitec.yml', '127.0.0.1:9464', `127.0.0.1:${ports.house}`);
    edit('targets/gate.yml', '127.0.0.1:3000', `127.0.0.1:${ports.house}`);
    edit('prometheus.yml', '127.0.0.1:9115', `127.0.0.1:${ports.blackbox}`);
    name = `prometheus_${randomBytes(6).toString('hex')}`;
    const urls = await makeDatabase(name, 'demo');
    env = {
      ...{ DATABASE_URL: urls.application, DATABASE_OWNER_URL: urls.owner, LOG_LEVEL: 'error' },
      ...{ PORT: String(ports.house), METRICS_TOKEN_FILE: join(folder, 'metrics-token') },
    };
    house = runServer(env);
    await house.until(READY);
    blackbox = startBlackbox();
    prometheus = run('prometheus', [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${ports.prometheus}`,
      '--log.level=warn',
    ]);
  }, 120_000);

  afterAll(async () => {
    for (const program of [prometheus, blackbox, house]) await program?.end('SIGKILL');
    await dropDatabase(name);
    rmSync(folder, { recursive: true, force: true });
  });

  function startBlackbox(): Program {
    return run('prometheus-blackbox-exporter', [
      `--config.file=${join(folder, 'blackbox.yml')}`,
      `--web.listen-address=127.0.0.1:${ports.blackbox}`,
      '--log.level=error',
    ]);
  }

  function edit(file: string, from: string, to: string): void {
    const path = join(folder, file);
    const text = readFileSync(path, 'utf8');
    expect([file, text.includes(from)]).toEqual([file, true]);
    writeFileSync(path, text.replaceAll(from, to));
  }

  function promtool(...args: string[]): { status: number | null; said: string } {
    const { status, stdout, stderr, error } = spawnSync('promtool', args, {
      cwd: folder,
      encoding: 'utf8',
    });
    return { status, said: `${stdout}${stderr}${error ? String(error) : ''}` };
  }

  async function ask(query: string): Promise<Result[]> {
    const url = `http://127.0.0.1:${ports.prometheus}/api/v1/query?query=${encodeURIComponent(query)}`;
    const answer = (await (await fetch(url)).json()) as {
      status: string;
      error?: string;
      data: { result: Result[] };
    };
    if (answer.status !== 'success') throw new Error(`${query}: ${answer.error}`);
    return answer.data.result;
  }

  async function until(query: string, wanted: readonly string[], seconds = 60): Promise<void> {
    let last: unknown;
    for (let tries = 0; tries < seconds * 4; tries += 1) {
      const result = await ask(query).catch((error: unknown) => String(error));
      last = typeof result === 'string' ? result : result.map(({ value }) => value[1]);
      if (JSON.stringify(last) === JSON.stringify(wanted)) return;
      await sleep(250);
    }
    throw new Error(
      `${query} was ${JSON.stringify(last)}, not ${JSON.stringify(wanted)}\n${prometheus.output}`,
    );
  }

  it('is told nothing wrong by the shipped configuration, rules and their tests', () => {
    const config = promtool('check', 'config', 'prometheus.yml');
    expect([config.status, config.said]).toEqual([0, expect.stringContaining('is valid')]);
    const rules = readdirSync(join(folder, 'rules')).map((file) => join('rules', file));
    expect(promtool('check', 'rules', '--lint-fatal', ...rules)).toMatchObject({ status: 0 });
    const tests = readdirSync(join(folder, 'tests')).map((file) => join('tests', file));
    expect(tests.length).toBeGreaterThan(4);
    const { status, said } = promtool('test', 'rules', ...tests);
    expect([status, said.match(/SUCCESS/g)?.length, said]).toEqual([0, tests.length, said]);
  });

  it('would see a rule that is wrong', () => {
    edit('rules/gate.yml', 'min by (site)', 'max by (site)');
    expect(promtool('test', 'rules', 'tests/gate.test.yml').status).toBe(1);
    cpSync('infra/prometheus/rules/gate.yml', join(folder, 'rules/gate.yml'));
  });

  it('scrapes the server with the token and answers what the failover asks', async () => {
    await until('up{job="ofitec"}', ['1']);
    await until('gate:healthy{site="main"}', ['1']);
    const [age] = await ask(
      'gate:observed_age_seconds + (time() - timestamp(gate:observed_age_seconds))',
    );
    expect(Number(age?.value[1])).toBeLessThan(10);
    expect(age?.metric).toEqual({ site: 'main' });
    await until('ofitec_ready', ['1']);
    await until('ofitec_health_check{check="worker"}', ['1']);
    // Looked at once more after the prober came: the two go by clocks of their own.
    await until('count(ofitec_http_requests_total{route="/health/ready", status="200"})', ['1']);
  }, 120_000);

  it('can evaluate every rule and every panel of the dashboard', async () => {
    const rules = await fetch(`http://127.0.0.1:${ports.prometheus}/api/v1/rules`);
    const { data } = (await rules.json()) as {
      data: { groups: { rules: { name: string; health: string; lastError?: string }[] }[] };
    };
    const all = data.groups.flatMap((group) => group.rules);
    expect(all.length).toBeGreaterThan(15);
    expect(all.filter(({ lastError }) => lastError)).toEqual([]);
    const dashboard = JSON.parse(readFileSync('infra/grafana/ofitec.json', 'utf8')) as {
      panels: { targets?: { expr: string }[] }[];
    };
    const expressions = dashboard.panels.flatMap(({ targets = [] }) =>
      targets.map(({ expr }) => expr),
    );
    // Rates need two scrapes, so a few have nothing to show at first; a second transaction kind, so some never have.
    await holds(
      'the dashboard shows something',
      async () => {
        let shown = 0;
        for (const expr of expressions) {
          const asked = expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*');
          if ((await ask(asked)).length > 0) shown += 1;
        }
        return shown > 20;
      },
      90_000,
    );
  }, 120_000);

  it('sees a server that was killed, and sees it again', async () => {
    await house.end('SIGKILL');
    await until('gate:healthy{site="main"}', ['0'], 20);
    await until('up{job="ofitec"}', ['0'], 40);
    house = runServer(env);
    await house.until(READY);
    await until('gate:healthy{site="main"}', ['1'], 30);
  }, 150_000);

  it('says nothing of the site when the prober is dead, instead of calling it down', async () => {
    await blackbox.end('SIGKILL');
    await until('gate:healthy', [], 30);
    await until('up{job="ofitec-gate"}', ['0'], 10);
    blackbox = startBlackbox();
    await until('gate:healthy{site="main"}', ['1'], 30);
  }, 100_000);

  it('is not fooled by somebody who answers in the server’s place', async () => {
    await house.end('SIGTERM');
    const { createServer: createHttp } = await import('node:http');
    const kept = JSON.stringify({ status: 'ok', nonce: 'gate', details: {} });
    let headers: Record<string, string> = {};
    let body = '{"status":"ok"}';
    let asked = 0;
    const impostor = createHttp((request, response) => {
      if (request.url?.startsWith('/health/ready')) asked += 1;
      response.writeHead(200, headers).end(body);
    });
    /** Until the prober has this very answer, and not the one before. */
    const isHeard = async (): Promise<void> => {
      asked = 0;
      await holds('the impostor is asked', () => asked > 3, 60_000);
    };
    await new Promise<void>((resolve) => impostor.listen(ports.house, '127.0.0.1', resolve));
    try {
      await isHeard();
      await until('gate:healthy{site="main"}', ['0'], 20);
      [headers, body] = [{ age: '3' }, kept];
      await isHeard();
      await until('gate:healthy{site="main"}', ['0'], 20);
      // The same answer without an age is what the server itself would have said.
      headers = {};
      await until('gate:healthy{site="main"}', ['1'], 20);
    } finally {
      impostor.closeAllConnections();
      await new Promise((resolve) => impostor.close(resolve));
    }
  }, 200_000);
});

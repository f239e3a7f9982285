import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  DEMO_PASSWORD,
  dropDatabase,
  freePort,
  makeDatabase,
  READY,
  runServer,
  signIn,
  standing,
} from '#test';
import type { Program, TestUrls } from '#test';

const REDIS = '/usr/bin/redis-server';
const LIMIT = 40;

/** Several processes count together in a real Redis, and each for itself while it is away. */
describe('counting in Redis', () => {
  let name: string;
  let urls: TestUrls;
  let port: number;
  let redis: ChildProcess;
  const started: ChildProcess[] = [];
  const servers: { program: Program; url: string }[] = [];

  beforeAll(async () => {
    expect([REDIS, existsSync(REDIS)]).toEqual([REDIS, true]);
    name = `redis_${randomBytes(6).toString('hex')}`;
    urls = await makeDatabase(name, 'demo');
    port = await freePort();
    redis = await startRedis();
    servers.push(await startServer(), await startServer());
  }, 120_000);

  afterAll(async () => {
    for (const { program } of servers) await program.end('SIGKILL');
    for (const each of started) await kill(each);
    await dropDatabase(name);
  });

  /** Ends it, also while it is stopped. */
  async function kill(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  async function startRedis(): Promise<ChildProcess> {
    const options = { port: String(port), bind: '127.0.0.1', save: '', requirepass: 'hunter2' };
    const args = Object.entries(options).flatMap(([key, value]) => [`--${key}`, value]);
    const child = spawn(REDIS, [...args, '--appendonly', 'no', '--dir', '/tmp'], {
      stdio: 'ignore',
    });
    started.push(child);
    for (let tries = 0; tries < 200; tries += 1) {
      const answers = await new Promise<boolean>((resolve) => {
        const socket = connect(port, '127.0.0.1');
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
        socket.once('connect', () => socket.destroy());
      });
      if (answers) return child;
      await sleep(25);
    }
    throw new Error('redis-server did not start');
  }

  async function startServer(): Promise<{ program: Program; url: string }> {
    const program = runServer({
      DATABASE_URL: urls.application,
      OFITEC_WORKER: 'separate',
      REDIS_URL: `redis://:hunter2@127.0.0.1:${port}/3`,
      TRUSTED_PROXIES: '127.0.0.1',
      API_THROTTLE_ANON_IP_RATE: `${LIMIT}/min`,
      API_THROTTLE_USER_RATE: `${LIMIT}/min`,
    });
    const url = (await program.until(READY))[1]?.replace('localhost', '127.0.0.1') ?? '';
    return { program, url };
  }

  /** So many requests, all at once, to both servers in turn; how many of each status. */
  async function flood(
    count: number,
    headers: Readonly<Record<string, string>>,
    path = '/problems',
  ): Promise<{ statuses: Record<string, number>; slowestMs: number }> {
    let slowestMs = 0;
    const statuses: Record<string, number> = {};
    const one = async (n: number): Promise<void> => {
      const started = performance.now();
      const answer = await fetch(`${servers[n % 2]?.url}${path}`, { headers });
      await answer.arrayBuffer();
      slowestMs = Math.max(slowestMs, performance.now() - started);
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
    };
    await Promise.all(Array.from({ length: count }, (_, n) => one(n)));
    return { statuses, slowestMs };
  }

  const from = (ip: string): Record<string, string> => ({ 'x-forwarded-for': ip });

  it('says at the start where it counts, without the password', () => {
    for (const { program } of servers) {
      expect(program.output).toContain(
        '"message":"requests are counted in Redis, by all processes together"',
      );
      expect(program.output).toContain(`"redis":"127.0.0.1:${port}"`);
      expect(program.output).not.toContain('hunter2');
    }
  });

  it('lets exactly the limit through of what two processes get at once', async () => {
    const { statuses } = await flood(150, from('203.0.113.1'));
    expect(statuses).toEqual({ 200: LIMIT, 429: 150 - LIMIT });
    const refused = await fetch(`${servers[1]?.url}/problems`, { headers: from('203.0.113.1') });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(30);
    expect((await flood(2, from('203.0.113.2'))).statuses).toEqual({ 200: 2 });
  });

  it('counts a user over both processes', async () => {
    const { token } = await signIn(servers[0]?.url ?? '', 'vendedora', DEMO_PASSWORD);
    const headers = { authorization: `Bearer ${token}` };
    const { statuses } = await flood(100, headers, '/api/v1/auth/me');
    expect(statuses).toEqual({ 200: LIMIT, 429: 100 - LIMIT });
  });

  it('goes on while Redis hangs or is gone: each counts for itself, nobody waits long', async () => {
    redis.kill('SIGSTOP');
    await standing(redis.pid ?? 0);
    const hanging = await flood(150, from('203.0.113.10'));
    expect(hanging.statuses).toEqual({ 200: 2 * LIMIT, 429: 150 - 2 * LIMIT });
    const later = await flood(10, from('203.0.113.11'));
    expect(later.statuses).toEqual({ 200: 10 });
    expect(later.slowestMs).toBeLessThan(5_000);
    for (const { program } of servers) {
      await program.until(/Redis does not answer: each process counts requests for itself/);
    }
    await kill(redis);
    const gone = await flood(100, from('203.0.113.12'));
    expect(gone.statuses).toEqual({ 200: 2 * LIMIT, 429: 100 - 2 * LIMIT });
  }, 60_000);

  it('counts together again once Redis is back, and starts without one', async () => {
    await kill(redis);
    redis = await startRedis();
    for (let n = 0; n < 100; n += 1) {
      await flood(2, from(`198.51.100.${n}`));
      if (servers.every(({ program }) => program.output.includes('Redis answers again'))) break;
      await sleep(200);
    }
    expect((await flood(150, from('203.0.113.20'))).statuses).toEqual({
      200: LIMIT,
      429: 150 - LIMIT,
    });

    await kill(redis);
    const alone = await startServer();
    expect(alone.program.output).toContain('Redis does not answer');
    expect((await fetch(`${alone.url}/problems`)).status).toBe(200);
    await alone.program.end('SIGTERM');
  }, 60_000);
});

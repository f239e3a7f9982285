import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { inTurns } from './figures.js';
import { rssMb, startProgram } from './load.js';
import type { Load, Loaded } from './load.js';
import type { Ground } from './ground.js';

const REDIS = '/usr/bin/redis-server';
const CLIENTS = 16;

type Charge = (ground: Ground, port: number, clients: number) => Promise<Load>;

/** The same payments with requests counted and not: in memory, and in Redis where there is one. */
export async function benchThrottle(ground: Ground, charge: Charge): Promise<void> {
  const env = { DATABASE_URL: ground.applicationUrl };
  const without = await startProgram('server', { ...env, BENCH_THROTTLE: 'off' });
  const compare = async (name: string, server: Loaded): Promise<void> => {
    await inTurns(name, CLIENTS, () => rssMb(server.pid), {
      ours: () => charge(ground, server.port, CLIENTS),
      reference: () => charge(ground, without.port, CLIENTS),
    });
    await server.stop();
  };
  await compare('throttle', await startProgram('server', env));
  if (existsSync(REDIS)) {
    const { url, stop } = await startRedis();
    await compare('throttle-redis', await startProgram('server', { ...env, REDIS_URL: url }));
    stop();
  }
  await without.stop();
}

async function startRedis(): Promise<{ url: string; stop: () => void }> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const address = probe.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  await new Promise((resolve) => probe.close(resolve));
  const options = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
  ];
  const redis = spawn(REDIS, options, { stdio: 'ignore' });
  // A server waits a second for it, which is more than it takes to start.
  await sleep(300);
  return { url: `redis://127.0.0.1:${port}`, stop: () => void redis.kill('SIGKILL') };
}

import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { newId } from '#kernel';
import { signIn } from '../support/client.js';
import { ROOMY_LIMITS } from '../support/limits.js';
import { PASSWORD } from './ground.js';

/** What one round of load gave. */
export interface Load {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A server process under load. */
export interface Loaded {
  readonly pid: number;
  readonly readyMs: number;
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts one of the bench's programs and waits for its `ready` line. */
export async function startProgram(
  program: 'server' | 'bare' | 'bare-report',
  env: Readonly<Record<string, string>>,
): Promise<Loaded> {
  const started = performance.now();
  const script = join('dist', 'test', 'bench', `${program}.js`);
  // As `npm start` does: a young generation of 8 MiB keeps the process under 200 MiB.
  const child = spawn(process.execPath, ['--max-semi-space-size=8', script], {
    env: { ...process.env, NODE_ENV: 'test', LOG_LEVEL: 'error', ...ROOMY_LIMITS, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      const ready = /ready (\d+)/.exec(chunk.toString());
      if (ready) resolve(Number(ready[1]));
    });
    child.once('exit', (code) => reject(new Error(`${program} ended with ${code}`)));
  });
  return {
    pid: child.pid ?? 0,
    readyMs: performance.now() - started,
    port,
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill('SIGKILL');
      }),
  };
}

/** Resident memory of a process, in MiB. */
export function rssMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}

/** Resident memory of a process at its most since the peak was forgotten, in MiB. */
export function peakMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}

/** Forgets the peak: what starting took is not what the work takes. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** Charges orders over HTTP with so many clients for so long; every answer must be 201. */
export async function chargeOverHttp(
  port: number,
  options: { clients: number; seconds: number; orderIds: readonly string[] },
): Promise<Load> {
  const { token } = await signIn(`http://127.0.0.1:${port}`, 'vendedora', PASSWORD);
  const agent = new Agent({ keepAlive: true, maxSockets: options.clients });
  const latencies: number[] = [];
  const started = performance.now();
  const until = started + options.seconds * 1000;
  const client = async (): Promise<void> => {
    while (performance.now() < until) {
      const orderId = options.orderIds[Math.floor(Math.random() * options.orderIds.length)];
      const began = performance.now();
      await post(agent, port, token ?? '', { orderId, method: 'cash', amount: 10 });
      latencies.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: options.clients }, client));
  const seconds = (performance.now() - started) / 1000;
  agent.destroy();
  latencies.sort((a, b) => a - b);
  const at = (part: number): number => latencies[Math.floor(latencies.length * part)] ?? 0;
  return { perSecond: latencies.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99) };
}

function post(agent: Agent, port: number, token: string, body: object): Promise<void> {
  const text = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...{ agent, port, host: '127.0.0.1', method: 'POST', path: '/api/v1/payments/payments' },
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(text),
          'idempotency-key': newId(),
        },
      },
      (answer) => {
        answer.resume();
        answer.once('end', () =>
          answer.statusCode === 201
            ? resolve()
            : reject(new Error(`a payment was answered with ${answer.statusCode}`)),
        );
      },
    );
    sent.once('error', reject);
    sent.end(text);
  });
}

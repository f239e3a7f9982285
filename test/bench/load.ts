import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newId } from '#kernel';
import { signIn } from '../support/client.js';
import { ROOMY_LIMITS } from '../support/limits.js';
import { PASSWORD } from './ground.js';
import { requestOf, send } from './sender.js';

/** What one round of load gave. */
export interface Load {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A server process under load. */
export interface Loaded {
  readonly pid: number;
  readonly child: ChildProcess;
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
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      const ready = /ready (\d+)/.exec(chunk.toString());
      if (ready) resolve(Number(ready[1]));
    });
    child.once('exit', (code) => reject(new Error(`${program} ended with ${code}`)));
  });
  return {
    pid: child.pid ?? 0,
    child,
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
  return send({
    ...{ port, status: 201, clients: options.clients, seconds: options.seconds },
    next: () => {
      const orderId = options.orderIds[Math.floor(Math.random() * options.orderIds.length)];
      const body = JSON.stringify({ orderId, method: 'cash', amount: 10 });
      return requestOf(
        'POST /api/v1/payments/payments',
        {
          ...{ authorization: `Bearer ${token ?? ''}`, 'content-type': 'application/json' },
          'idempotency-key': newId(),
        },
        body,
      );
    },
  });
}

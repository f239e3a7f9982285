import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Client as Connection } from 'pg';
import type { QueryResultRow } from 'pg';
import { newId } from '#kernel';
import { livePast } from '../support/past.js';
import type { Past } from '../support/past.js';
import { signIn } from '../support/client.js';
import { inTurns, printFigure, progress, SECONDS } from './figures.js';
import { PASSWORD } from './ground.js';
import type { Ground } from './ground.js';
import { chargeOverHttp, rssMb, startProgram } from './load.js';
import type { Load, Loaded } from './load.js';

const DEFAULT_SIZES = '10000,1000000';
const CLIENTS = 8;
/** Measured, with what PostgreSQL needs beside while it writes. */
const BYTES_A_PAYMENT = 6_000;
const DAY_MS = 86_400_000;

/** A database with a past, and the house over it. */
interface Lived {
  readonly database: string;
  readonly past: Past;
  readonly server: Loaded;
}

/** The same with somebody signed in. */
interface Visited extends Lived {
  readonly token: string;
}

/**
 * What a payment and the lists cost after years: the house over a long past against the house over
 * the shortest one, in turns. Flat is 1; the first line is the shortest against its twin, and says
 * how much the machine by itself differs.
 */
export async function benchPast(ground: Ground, words: readonly string[]): Promise<void> {
  const [smallest = 0, ...larger] = sizesOf(words);
  demandDisk(Math.max(smallest, ...larger) + 2 * smallest);
  endWith(() => ground.stop());
  await command(ground, `ALTER SYSTEM SET max_wal_size = '4GB'`);
  await command(ground, 'SELECT pg_reload_conf()');
  const reference = await live(ground, 'reference', smallest);
  for (const [index, size] of [smallest, ...larger].entries()) {
    const lived = await live(ground, `past_${index}`, size);
    await compare(ground, lived, reference);
    await lived.server.stop();
    await command(ground, `DROP DATABASE past_${index} WITH (FORCE)`);
  }
  await reference.server.stop();
}

async function compare(ground: Ground, lived: Lived, reference: Lived): Promise<void> {
  const name = `past/${lived.past.payments}`;
  const memory = (): number => rssMb(lived.server.pid);
  const { orderIds } = ground;
  const charge = ({ server }: Lived): Promise<Load> =>
    chargeOverHttp(server.port, { clients: CLIENTS, seconds: SECONDS, orderIds });
  const before = [await pagesOf(ground, lived), await pagesOf(ground, reference)] as const;
  await inTurns(`${name}/payment`, CLIENTS, memory, {
    ours: () => charge(lived),
    reference: () => charge(reference),
  });
  const after = [await pagesOf(ground, lived), await pagesOf(ground, reference)] as const;
  const [ours, theirs] = after.map((count, side) => pagesBetween(before[side], count));
  printFigure({
    ...{ name: `${name}/pages a payment`, clients: CLIENTS, p50Ms: 0, p99Ms: 0, rssMb: memory() },
    ...{ ours: ours ?? 0, reference: theirs ?? 0, ratio: (ours ?? 0) / (theirs ?? 1) },
  });
  // Now, and not when the past began to be written: a session is locked after a quarter of an hour.
  const [here, there] = [await visit(lived), await visit(reference)];
  for (const [read, pathOf] of Object.entries(READS)) {
    await inTurns(`${name}/${read}`, 1, memory, {
      ours: () => readOverHttp(here, pathOf(here)),
      reference: () => readOverHttp(there, pathOf(there)),
    });
  }
}

interface Pages {
  readonly pages: number;
  readonly payments: number;
}

/** Pages that PostgreSQL has looked at in a database so far, and payments that it has written. */
async function pagesOf(ground: Ground, { database }: Lived): Promise<Pages> {
  const [row] = await command<Pages>(
    ground,
    `SELECT (blks_hit + blks_read)::float8 AS pages,
       (SELECT n_tup_ins::float8 FROM pg_stat_user_tables WHERE relname = 'payments_payment') AS payments
     FROM pg_stat_database WHERE datname = current_database()`,
    database,
  );
  if (!row) throw new Error(`no figures of ${database}`);
  return row;
}

function pagesBetween(before: Pages | undefined, after: Pages): number {
  return (after.pages - (before?.pages ?? 0)) / (after.payments - (before?.payments ?? 0));
}

/** What people look at every day, and far back in the past. */
const READS: Readonly<Record<string, (lived: Lived) => string>> = {
  orders: () => 'sales/orders',
  'orders far back': (lived) => `sales/orders?after=${farBack(lived)}`,
  'orders that are ready': () => 'sales/orders?state=ready',
  payments: () => 'payments/payments',
  'payments far back': (lived) => `payments/payments?after=${farBack(lived)}`,
  'payments taken back': () => 'payments/payments?kind=refund',
  entries: () => 'payments/entries',
  events: () => 'audit/events',
  'events far back': (lived) => `audit/events?after=${farBack(lived)}`,
  'events of a rare kind': () => 'audit/events?action=company.created',
  'day cut, as a reading': () => 'payments/daily-cuts/reading',
  'differences of a month': (lived) =>
    `payments/reports/differences?from=${day(lived, 30)}&to=${day(lived, 0)}`,
  'unpaid orders by age': () => 'payments/reports/ageing',
};

/** The cursor of a row in the middle of the past. */
function farBack({ past }: Lived): string {
  const middle = new Date(Date.now() - (past.days / 2) * DAY_MS).toISOString();
  const row = ['-createdAt', middle, '00000000-0000-7000-8000-000000000000'];
  return Buffer.from(JSON.stringify(row)).toString('base64url');
}

function day({ past }: Lived, before: number): string {
  const middle = Date.now() - (past.days / 2) * DAY_MS;
  return new Date(middle - before * DAY_MS).toISOString().slice(0, 10);
}

async function visit(lived: Lived): Promise<Visited> {
  const { token } = await signIn(`http://127.0.0.1:${lived.server.port}`, 'encargada', PASSWORD);
  return { ...lived, token: token ?? '' };
}

async function readOverHttp(lived: Visited, path: string): Promise<Load> {
  const latencies: number[] = [];
  const started = performance.now();
  const until = started + (SECONDS * 1000) / 4;
  const isReading = path.endsWith('/reading');
  const body = JSON.stringify({ branchId: lived.past.branchId, date: day(lived, 0) });
  while (performance.now() < until) {
    const began = performance.now();
    const answer = await fetch(`http://127.0.0.1:${lived.server.port}/api/v1/${path}`, {
      method: isReading ? 'POST' : 'GET',
      headers: {
        authorization: `Bearer ${lived.token}`,
        'content-type': 'application/json',
        'x-request-id': newId(),
      },
      ...(isReading ? { body } : {}),
    });
    const text = await answer.text();
    if (answer.status !== 200)
      throw new Error(`${path} was answered with ${answer.status}: ${text}`);
    latencies.push(performance.now() - began);
  }
  const seconds = (performance.now() - started) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (part: number): number => latencies[Math.floor(latencies.length * part)] ?? 0;
  return { perSecond: latencies.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** A copy of the ground with a past of so many payments, and a server over it. */
async function live(ground: Ground, database: string, payments: number): Promise<Lived> {
  await command(ground, `CREATE DATABASE ${database} TEMPLATE ofitec OWNER ofitec_owner`);
  const started = performance.now();
  const past = await livePast(addressOf(ground.superuserUrl, database), payments, (written) => {
    const seconds = Math.round((performance.now() - started) / 1000);
    progress(`past of ${payments} payments: ${written} written after ${seconds} s`);
  });
  progress('');
  const url = addressOf(ground.applicationUrl, database);
  const server = await startProgram('server', { DATABASE_URL: url });
  return { database, past, server };
}

function addressOf(url: string, database: string): string {
  return url.replace(/\/\w+$/, `/${database}`);
}

async function command<R extends QueryResultRow>(
  ground: Ground,
  sql: string,
  database = 'postgres',
): Promise<R[]> {
  const connection = new Connection({ connectionString: addressOf(ground.superuserUrl, database) });
  await connection.connect();
  try {
    return (await connection.query<R>(sql)).rows;
  } finally {
    await connection.end();
  }
}

/** @throws Error for what is no list of sizes */
function sizesOf(words: readonly string[]): number[] {
  const after = words.indexOf('--sizes') + 1;
  const given = after > 0 ? (words[after] ?? '') : DEFAULT_SIZES;
  const sizes = given.split(',').map(Number);
  if (!sizes.every((size) => Number.isInteger(size) && size >= 1_000 && size <= 100_000_000)) {
    throw new Error('--sizes takes whole numbers from 1000 to 100000000, by commas.');
  }
  return sizes.sort((a, b) => a - b);
}

function demandDisk(payments: number): void {
  const { bavail, bsize } = statfsSync(tmpdir());
  const [needed, free] = [payments * BYTES_A_PAYMENT, bavail * bsize].map((n) => n / 1e9);
  if ((needed ?? 0) < (free ?? 0)) return;
  throw new Error(
    `This needs ${needed?.toFixed(1)} GB in ${tmpdir()} and finds ${free?.toFixed(1)}; name smaller --sizes, or another TMPDIR.`,
  );
}

/** So much is not left lying about when somebody ends the bench half-way. */
function endWith(stop: () => Promise<void>): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void stop().finally(() => process.exit(130)));
  }
}

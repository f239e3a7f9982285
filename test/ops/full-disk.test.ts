import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client as Connection } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  House,
  kernel,
  ledgerCheckOf,
  openSession,
  postgresOf,
  READY,
  runServer,
  shop,
  signIn,
  takeOrder,
  until,
} from '#test';
import type { Client, Program } from '#test';

const LANES = 4;
const PASSWORD = 'clave del disco lleno';

interface Intent {
  readonly key: string;
  readonly body: { orderId: string; method: string; amount: number };
  /** The first acknowledged answer, or null while there is none. */
  answer: string | null;
}

/**
 * The house on a disk of its own that fills up while it takes payments. PostgreSQL refuses what
 * it cannot store; where it cannot write its log it even ends itself. In either case whoever pays
 * is told to try again, nothing is half written, and once there is space all goes on.
 */
describe.each(['data', 'write-ahead log'] as const)('a full disk under the %s', (victim) => {
  let folder: string;
  let home: string;
  let server: Program;
  let client: Client;
  let intents: Intent[];
  let sessionId: string;
  let orderIds: string[];
  const disk = (): string => join(folder, victim === 'data' ? 'data' : 'log');

  beforeAll(async () => {
    expect(process.getuid?.()).toBe(0);
    folder = mkdtempSync(join(tmpdir(), 'ofitec-disk-'));
    spawnSync('chmod', ['755', folder]);
    for (const name of ['data', 'log']) {
      mkdirSync(join(folder, name));
      sh('mount', ['-t', 'tmpfs', '-o', 'size=320m,mode=755', 'ofitec-test', join(folder, name)]);
    }
    home = join(folder, 'data', 'home');
    await start();
    await server.end('SIGTERM');
    // The log on a disk of its own, as a careful operator has it; here so that each can fill alone.
    sh('mv', [join(home, 'postgres', 'pg_wal'), join(folder, 'log', 'pg_wal')]);
    symlinkSync(join(folder, 'log', 'pg_wal'), join(home, 'postgres', 'pg_wal'));
    await start();
    const centro = await shop(client);
    sessionId = await openSession(client, centro.registerIds[0] ?? '', 0);
    const orders = Array.from({ length: 20 }, () => takeOrder(client, centro, 100, 'TERNO'));
    orderIds = (await Promise.all(orders)).map(({ id }) => id);
    intents = [];
  }, 120_000);

  afterAll(async () => {
    await server?.end('SIGTERM');
    await until('PostgreSQL has ended', () => postgresOf(home) === null, 120_000);
    for (const name of ['data', 'log']) sh('umount', [join(folder, name)]);
    rmSync(folder, { recursive: true, force: true });
  }, 180_000);

  function sh(command: string, args: string[]): void {
    const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    expect([command, status, stderr]).toEqual([command, 0, '']);
  }

  async function start(): Promise<void> {
    mkdirSync(home, { recursive: true });
    const env = { OFITEC_HOME: home, OFITEC_DEMO_PASSWORD: PASSWORD, LOG_LEVEL: 'error' };
    server = runServer(env);
    const url = (await server.until(READY))[1]?.replace('localhost', '127.0.0.1') ?? '';
    client = await signIn(url, 'vendedora', PASSWORD);
  }

  /** A file that takes every byte that is left. */
  function fill(): void {
    const file = openSync(join(disk(), 'ballast'), 'w');
    for (let size = 4_194_304; size >= 1;) {
      try {
        if (writeSync(file, Buffer.alloc(size)) < size) size = Math.floor(size / 2);
      } catch (error) {
        expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
        size = Math.floor(size / 2);
      }
    }
    closeSync(file);
  }

  function empty(): void {
    rmSync(join(disk(), 'ballast'));
  }

  function intend(count: number): void {
    for (let index = 0; index < count; index += 1) {
      const body = {
        orderId: orderIds[index % orderIds.length] ?? '',
        method: 'cash',
        amount: 100,
      };
      intents.push({ key: kernel.newId(), body, answer: null });
    }
  }

  /** Sends what has no answer yet, once each. @returns the status of each that was not a 201 */
  async function send(): Promise<{ status: number; code: string }[]> {
    const waiting = intents.filter(({ answer }) => answer === null);
    const refused: { status: number; code: string }[] = [];
    const lane = async (): Promise<void> => {
      for (let intent = waiting.shift(); intent; intent = waiting.shift()) {
        const { status, text, body } = await client.pay(
          'payments/payments',
          intent.body,
          intent.key,
        );
        if (status === 201) intent.answer = text;
        else refused.push({ status, code: String(body.code) });
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    return refused;
  }

  /** What the database holds, past the API. */
  async function stored(): Promise<unknown> {
    const { urls } = await kernel.joinEmbedded(new kernel.Home(home), () => {});
    const house = await House.over(null, { ...urls, readonly: '', superuser: '' });
    const [row] = await house.rows(
      'owner',
      `SELECT (SELECT count(*)::integer FROM payments_payment) AS payments,
         (SELECT sum(paid_amount)::integer FROM sales_order) AS paid,
         (SELECT count(*)::integer FROM kernel_event WHERE action = 'payment.created') AS events,
         (SELECT count(*)::integer FROM kernel_idempotency WHERE route LIKE '%/payments/payments%') AS keys`,
    );
    expect(await ledgerCheckOf(house)).toEqual([]);
    await house.close();
    return row;
  }

  const acknowledged = (): number => intents.filter(({ answer }) => answer !== null).length;
  const holding = (n: number): object => ({ payments: n, paid: 100 * n, events: n, keys: n });

  it('takes payments while there is space', async () => {
    intend(100);
    expect(await send()).toEqual([]);
    expect(await stored()).toEqual(holding(100));
  });

  it('refuses with 503 when there is none, in the reader’s language, and goes on living', async () => {
    fill();
    const refused: { status: number; code: string }[] = [];
    for (let round = 0; round < 100 && refused.length < 40; round += 1) {
      if (victim !== 'data') await writeLog();
      intend(20);
      refused.push(...(await send()));
    }
    expect(refused.length).toBeGreaterThanOrEqual(40);
    expect(refused.filter(({ status }) => status !== 503)).toEqual([]);
    // Without space for data PostgreSQL says no; without space for its log it ends in the middle.
    const said = new Set(refused.map(({ code }) => code));
    if (victim === 'data') expect([...said]).toEqual(['kernel.storage-full']);
    else expect([...said]).toContain('kernel.database-unavailable');
    expect(said.has('kernel.storage-full')).toBe(victim === 'data');

    const [first] = intents.filter(({ answer }) => answer === null);
    for (const [language, title] of [
      [
        'es',
        {
          data: 'No queda espacio en la base de datos; no se guardó nada',
          'write-ahead log': 'La base de datos no responde',
        },
      ],
      [
        'en',
        {
          data: 'The database has no space left; nothing was stored',
          'write-ahead log': 'The database does not answer',
        },
      ],
    ] as const) {
      const { status, headers, body } = await client.post('payments/payments', first?.body, {
        'idempotency-key': kernel.newId(),
        'accept-language': language,
      });
      expect([status, headers['content-type'], headers['retry-after']]).toEqual([
        503,
        expect.stringContaining('application/problem+json'),
        expect.stringMatching(/^\d+$/),
      ]);
      expect(body.title).toBe(title[victim]);
    }
    expect(server.hasEnded).toBe(false);
    expect((await fetch(`${client.url}/health/live`)).status).toBe(200);
  }, 120_000);

  if (victim === 'data') {
    it('still shows what is there, and has written nothing by halves', async () => {
      const page = await client.get('payments/payments?limit=1');
      expect([page.status, page.body.items.length]).toEqual([200, 1]);
      expect(postgresOf(home)).not.toBeNull();
      expect(await stored()).toEqual(holding(acknowledged()));
    });
  }

  it('goes on once there is space; every acknowledged payment is there once, and the rest by their keys', async () => {
    const first = intents.filter(({ answer }) => answer !== null).slice(0, 50);
    empty();
    await recovered();
    for (let round = 0; round < 20 && acknowledged() < intents.length; round += 1) {
      await send();
      await sleep(200);
    }
    expect(acknowledged()).toBe(intents.length);
    const replays = await Promise.all(
      first.map(({ key, body }) => client.pay('payments/payments', body, key)),
    );
    expect(replays.map(({ text }) => text)).toEqual(first.map(({ answer }) => answer));
    const ids = intents.map(({ answer }) => (JSON.parse(answer ?? '{}') as { id: string }).id);
    expect(new Set(ids).size).toBe(intents.length);
    expect(await stored()).toEqual(holding(intents.length));
    const closed = await client.post(`payments/cash-sessions/${sessionId}/close`, {
      countedAmount: 100 * intents.length,
    });
    expect(closed.body).toMatchObject({ expectedAmount: 100 * intents.length, difference: 0 });
  }, 120_000);

  /** What other work in the same database writes into the log: PostgreSQL uses up what it has. */
  async function writeLog(): Promise<void> {
    const found = await kernel.joinEmbedded(new kernel.Home(home), () => {}).catch(() => null);
    if (!found) return;
    const url = new URL(found.urls.owner);
    url.username = 'postgres';
    url.password = found.home.passwords().superuser;
    const connection = new Connection({ connectionString: url.href });
    connection.on('error', () => undefined);
    await connection
      .connect()
      .then(() => connection.query('SELECT pg_switch_wal()'))
      .catch(() => undefined);
    await connection.end().catch(() => undefined);
  }

  /** PostgreSQL comes back by itself, or the operator starts the house again. */
  async function recovered(): Promise<void> {
    for (let tries = 0; tries < 50; tries += 1) {
      if ((await client.get('payments/payments?limit=1')).status === 200) return;
      await sleep(100);
    }
    await server.end('SIGTERM');
    await start();
  }
});

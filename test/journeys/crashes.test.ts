import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

const PAYMENTS = 1_000;
const LANES = 8;

interface Intent {
  readonly key: string;
  readonly body: { orderId: string; method: string; amount: number };
  /** The first acknowledged answer, or null while there is none. */
  answer: string | null;
}

/**
 * A process dies in the middle of a thousand payments on a durable database, and the house is
 * started again. The database's death leaves the server answering 503 until then.
 */
describe.each(['server', 'postgres'] as const)(
  'kill -9 of the %s in a burst of payments',
  (victim) => {
    const PASSWORD = 'clave de los choques';
    let home: string;
    let server: Program;
    let intents: Intent[];
    let sessionId: string;

    beforeAll(() => {
      home = mkdtempSync(join(tmpdir(), 'ofitec-crash-'));
    });

    afterAll(async () => {
      await server.end('SIGTERM');
      rmSync(home, { recursive: true, force: true });
    });

    async function start(): Promise<Client> {
      server = runServer({
        ...{ OFITEC_HOME: home, OFITEC_DEMO_PASSWORD: PASSWORD, LOG_LEVEL: 'error' },
      });
      const url = (await server.until(READY))[1]?.replace('localhost', '127.0.0.1') ?? '';
      return signIn(url, 'vendedora', PASSWORD);
    }

    function kill(): void {
      process.kill(victim === 'server' ? server.pid : (postgresOf(home) ?? 0), 'SIGKILL');
    }

    /** A second look at the same database, past the API. */
    async function look(): Promise<House> {
      const { urls } = await kernel.joinEmbedded(new kernel.Home(home), () => {});
      return House.over(null, { ...urls, readonly: '', superuser: '' });
    }

    /** Sends every intent without an answer, some at a time; a dead server ends the lane. */
    async function send(client: Client, onAnswer: (count: number) => void): Promise<void> {
      let count = 0;
      const waiting = intents.filter(({ answer }) => answer === null);
      const lane = async (): Promise<void> => {
        for (let intent = waiting.pop(); intent; intent = waiting.pop()) {
          const sent = await client
            .pay('payments/payments', intent.body, intent.key)
            .catch(() => null);
          if (!sent || sent.status === 503) return;
          if (sent.status === 201) {
            intent.answer = sent.text;
            onAnswer((count += 1));
          } else {
            // The server's own log says why, should it be anything else.
            if (sent.status !== 409) await new Promise((resolve) => setTimeout(resolve, 300));
            expect([sent.status, sent.status === 409 ? '' : server.output.slice(-60_000)]).toEqual([
              409,
              '',
            ]);
          }
        }
      };
      await Promise.all(Array.from({ length: LANES }, lane));
    }

    it('keeps what was acknowledged, exactly once; the same keys finish the rest', async () => {
      const before = await start();
      const centro = await shop(before);
      sessionId = await openSession(before, centro.registerIds[0] ?? '', 0);
      const orders = await Promise.all(
        Array.from({ length: 20 }, () => takeOrder(before, centro, 100, 'TERNO')),
      );
      intents = Array.from({ length: PAYMENTS }, (_, index) => ({
        key: kernel.newId(),
        body: {
          orderId: orders[index % orders.length]?.id ?? '',
          method: 'cash',
          amount: 100 + (index % 10) * 10,
        },
        answer: null,
      }));
      await send(before, (count) => void (count === 300 && kill()));
      await server.end('SIGTERM');
      const acknowledged = intents.filter(({ answer }) => answer !== null);
      expect(acknowledged.length).toBeGreaterThanOrEqual(300);
      expect(acknowledged.length).toBeLessThan(PAYMENTS);

      const after = await start();
      const replays = await Promise.all(
        acknowledged.slice(0, 50).map(({ key, body }) => after.pay('payments/payments', body, key)),
      );
      expect(replays.map(({ text }) => text)).toEqual(
        acknowledged.slice(0, 50).map(({ answer }) => answer),
      );
      // What the dead server left under way may hold a key a moment longer.
      for (let round = 0; round < 20; round += 1) await send(after, () => {});
      expect(intents.filter(({ answer }) => answer === null)).toEqual([]);

      const ids = intents.map(({ answer }) => (JSON.parse(answer ?? '{}') as { id: string }).id);
      expect(new Set(ids).size).toBe(PAYMENTS);
      const house = await look();
      const [sum] = await house.rows<{ n: number; amount: string; events: number }>(
        'owner',
        `SELECT count(*)::integer AS n, sum(amount) AS amount,
         (SELECT count(DISTINCT subject_id)::integer FROM kernel_event WHERE action = 'payment.created') AS events
       FROM payments_payment WHERE cash_session_id = $1`,
        { values: [sessionId] },
      );
      const wanted = intents.reduce((total, { body }) => total + body.amount, 0);
      expect(sum).toEqual({ n: PAYMENTS, amount: String(wanted), events: PAYMENTS });
      expect(await ledgerCheckOf(house)).toEqual([]);

      const closed = await after.post(`payments/cash-sessions/${sessionId}/close`, {
        countedAmount: wanted,
      });
      expect(closed.body).toMatchObject({ expectedAmount: wanted, difference: 0 });
      await house.close();
    }, 180_000);

    it('the worker of the next process delivers every event that was left behind', async () => {
      const house = await look();
      const left = async (): Promise<number> =>
        (await house.rows('owner', 'SELECT 1 FROM kernel_event_pending')).length;
      await until('nothing is left behind', async () => (await left()) === 0, 100_000);
      await house.close();
    }, 120_000);
  },
);

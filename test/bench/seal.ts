import { randomUUID } from 'node:crypto';
import { Client as Connection } from 'pg';
import type { INestApplicationContext } from '@nestjs/common';
import { runAsHouse } from '#kernel';
import { createContextApplication, readBlueprint } from '../../src/bootstrap.js';
import { SealService } from '../../modules/audit/chain/seal.service.js';
import { VerifyService } from '../../modules/audit/chain/verify.service.js';
import { inTurns, printMemory, progress, rssWatch } from './figures.js';
import type { Load } from './load.js';
import type { Ground } from './ground.js';

const EVENTS = Number(process.env['OFITEC_BENCH_EVENTS'] ?? '100000');
const STEP = 10_000;

/** Each event a transaction of its own, as most are. */
const past = (companyId: string, events: number): string => `DO $$ BEGIN
  FOR n IN 1..${events} LOOP
    INSERT INTO kernel_event (id, company_id, created_at, action, schema_version, actor_login, actor_roles,
      request_id, subject_type, subject_id, subject_label, changes, payload)
    VALUES (gen_random_uuid(), '${companyId}', clock_timestamp(), 'payment.created', 1, 'vendedora', '{vendedora}',
      'bench', 'payments.payment', gen_random_uuid(), 'CENTRO-1 cash', '{}',
      jsonb_build_object('orderId', gen_random_uuid(), 'amount', n, 'method', 'cash'));
    COMMIT;
  END LOOP; END $$`;

/** PostgreSQL by itself, one process: every row of the log read as text and hashed. */
const HASHED = `SELECT count(*)::integer AS n, sum(length(sha256(convert_to(e::text, 'UTF8')))) AS bytes
  FROM kernel_event e WHERE company_id = $1`;

/** Sealing and verifying a past, beside PostgreSQL's own reading and hashing of as many rows. */
export async function benchSeal(ground: Ground): Promise<void> {
  const database = new Connection({ connectionString: ground.superuserUrl });
  await database.connect();
  await database.query('SET synchronous_commit = off; SET max_parallel_workers_per_gather = 0');
  const blueprint = await readBlueprint({ NODE_ENV: 'test', LOG_LEVEL: 'error' });
  const urls = { application: ground.applicationUrl, owner: ground.ownerUrl };
  const app = await createContextApplication(blueprint, urls);
  const memory = rssWatch();
  try {
    const known = await livePast(database);
    const reference = (): Promise<Load> => hashed(database, known);
    await sealed(app, known);
    const rest = memory.now();
    await inTurns('seal', 1, memory.peak, {
      ours: async () => sealed(app, await livePast(database)),
      reference,
    });
    await inTurns('verify', 1, memory.peak, { ours: () => verified(app, known), reference });
    printMemory('seal-memory', memory.peak(), rest);
  } finally {
    memory.stop();
    await app.close();
    await database.end();
  }
}

/** A company with a past of its own. @returns its id */
async function livePast(database: Connection): Promise<string> {
  const companyId = randomUUID();
  await database.query('INSERT INTO kernel_company VALUES ($1, now())', [companyId]);
  for (let made = 0; made < EVENTS; made += STEP) {
    await database.query(past(companyId, Math.min(STEP, EVENTS - made)));
    progress(`past: ${Math.min(EVENTS, made + STEP)} of ${EVENTS} events`);
  }
  // As autovacuum does it: the index of transactions knows only what was summarized.
  await database.query('VACUUM ANALYZE kernel_event');
  return companyId;
}

async function sealed(app: INestApplicationContext, companyId: string): Promise<Load> {
  const sealer = app.get(SealService, { strict: false });
  return timed(() => runAsHouse(companyId, 'bench', () => sealer.seal()));
}

async function verified(app: INestApplicationContext, companyId: string): Promise<Load> {
  const verifier = app.get(VerifyService, { strict: false });
  return timed(() =>
    runAsHouse(companyId, 'bench', async () => {
      const { events, count } = await verifier.verify();
      if (count > 0) throw new Error(`${count} findings in an untouched log`);
      return events;
    }),
  );
}

async function hashed(database: Connection, companyId: string): Promise<Load> {
  return timed(async () => {
    const { rows } = await database.query<{ n: number }>(HASHED, [companyId]);
    return rows[0]?.n ?? 0;
  });
}

/** @throws Error when the work was not over all events: its rate would say nothing */
async function timed(work: () => Promise<number>): Promise<Load> {
  const begun = performance.now();
  const events = await work();
  const seconds = (performance.now() - begun) / 1_000;
  if (events !== EVENTS) throw new Error(`${events} events, not ${EVENTS}`);
  return { perSecond: events / seconds, p50Ms: 0, p99Ms: 0 };
}

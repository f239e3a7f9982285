import { Client as Connection } from 'pg';
import { runAsHouse } from '#kernel';
import { createContextApplication, readBlueprint } from '../../src/bootstrap.js';
import { SealService } from '../../modules/audit/chain/seal.service.js';
import { VerifyService } from '../../modules/audit/chain/verify.service.js';
import type { Ground } from './ground.js';

const EVENTS = Number(process.env['OFITEC_BENCH_EVENTS'] ?? '1000000');
const STEP = 50_000;

const PAST = `INSERT INTO kernel_event (id, company_id, created_at, action, schema_version, actor_login, actor_roles,
    request_id, subject_type, subject_id, subject_label, changes, payload)
  SELECT gen_random_uuid(), $1, now() - make_interval(secs => n), 'payment.created', 1, 'vendedora', '{vendedora}',
    'bench', 'payments.payment', gen_random_uuid(), 'CENTRO-1 cash', '{}',
    jsonb_build_object('orderId', gen_random_uuid(), 'amount', n, 'method', 'cash')
  FROM generate_series(1, $2::integer) n`;

/** How long a past takes to be sealed and verified, and in how much memory; no reference to compare with. */
export async function benchSeal(ground: Ground): Promise<void> {
  await livePast(ground);
  const blueprint = await readBlueprint({ NODE_ENV: 'test', LOG_LEVEL: 'error' });
  const urls = { application: ground.applicationUrl, owner: ground.ownerUrl };
  const app = await createContextApplication(blueprint, urls);
  try {
    await runAsHouse(ground.companyId, 'bench', async () => {
      const seal = app.get(SealService, { strict: false });
      await measured('seal', () => seal.seal());
      const verify = app.get(VerifyService, { strict: false });
      await measured('verify', async () => (await verify.verify()).events);
    });
  } finally {
    await app.close();
  }
}

async function livePast({ superuserUrl, companyId }: Ground): Promise<void> {
  const connection = new Connection({ connectionString: superuserUrl });
  await connection.connect();
  for (let made = 0; made < EVENTS; made += STEP) {
    await connection.query(PAST, [companyId, Math.min(STEP, EVENTS - made)]);
    process.stderr.write(`past: ${Math.min(EVENTS, made + STEP)} of ${EVENTS} events\n`);
  }
  await connection.query('VACUUM ANALYZE kernel_event');
  await connection.end();
}

async function measured(what: string, work: () => Promise<number>): Promise<void> {
  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 100);
  const begun = performance.now();
  const events = await work();
  const seconds = (performance.now() - begun) / 1_000;
  clearInterval(watch);
  const rate = Math.round(events / seconds);
  const tenMillion = Math.round(10_000_000 / rate / 60);
  process.stdout.write(
    `${what.padEnd(8)} ${events} events  ${seconds.toFixed(1)} s  ${rate}/s  ${Math.round(peak / 2 ** 20)} MB  10 M: ${tenMillion} min\n`,
  );
}

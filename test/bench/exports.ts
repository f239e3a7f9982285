import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Client as Connection } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { runAsHouse } from '#kernel';
import { createContextApplication, readBlueprint } from '../../src/bootstrap.js';
import { LoadService } from '../../modules/warehouse/load/load.service.js';
import { ExportService } from '../../modules/warehouse/export/export.service.js';
import { signIn } from '../support/client.js';
import { inTurns, printMemory, rssWatch } from './figures.js';
import { forgetPeak, peakMb, rssMb, startProgram } from './load.js';
import type { Load } from './load.js';
import { PASSWORD } from './ground.js';
import type { Ground } from './ground.js';

const ROWS = Number(process.env['OFITEC_BENCH_EXPORT_ROWS'] ?? '200000');

/** Payments over a year, as the warehouse knows them. */
const VAULT = `INSERT INTO warehouse_sat_payment (company_id, generation, payment_key, kind, method, amount, hash_diff,
    event_id, source, recorded_at, loaded_at)
  SELECT company_id, generation, gen_random_uuid(), 'charge', 'cash', n, md5(n::text), gen_random_uuid(), 'payment.created',
    now() - make_interval(secs => n * 31536000.0 / $1), now()
  FROM warehouse_load, generate_series(1, $1::integer) n WHERE role = 'current'`;

const LOG = `INSERT INTO kernel_event (id, company_id, created_at, action, schema_version, actor_login, actor_roles,
    request_id, subject_type, subject_id, subject_label, changes, payload)
  SELECT gen_random_uuid(), $2, now() - make_interval(secs => n / 100.0), 'bench.payment', 1, 'vendedora', '{vendedora}',
    'bench', 'payments.payment', gen_random_uuid(), 'CENTRO-1 cash', '{}',
    jsonb_build_object('orderId', gen_random_uuid(), 'amount', n, 'method', 'cash')
  FROM generate_series(1, $1::integer) n`;

/** Large files that leave the house, beside PostgreSQL's own COPY of the same rows. */
export async function benchExports(ground: Ground): Promise<void> {
  const database = new Connection({ connectionString: ground.superuserUrl });
  await database.connect();
  const folder = mkdtempSync(join(tmpdir(), 'ofitec-exports-'));
  try {
    await benchParquet(ground, database, folder);
    await benchDownload(ground, database, folder);
  } finally {
    await database.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function benchParquet(ground: Ground, database: Connection, folder: string): Promise<void> {
  const blueprint = await readBlueprint({ NODE_ENV: 'test', LOG_LEVEL: 'error' });
  const urls = { application: ground.applicationUrl, owner: ground.ownerUrl };
  const app = await createContextApplication(blueprint, urls);
  const memory = rssWatch();
  try {
    const loader = app.get(LoadService, { strict: false });
    await runAsHouse(ground.companyId, 'bench', () => loader.load());
    await database.query(VAULT, [ROWS]);
    await database.query('ANALYZE warehouse_sat_payment');
    const rest = memory.now();
    let written = 0;
    const exporter = app.get(ExportService, { strict: false });
    await inTurns('export-parquet', 1, memory.peak, {
      ours: () =>
        timed(async () => {
          const to = join(folder, `copy-${(written += 1)}`);
          await exporter.export(to, [ground.companyId]);
          rmSync(to, { recursive: true });
        }),
      reference: () => copied(database, folder, 'SELECT * FROM warehouse_sat_payment ORDER BY 10'),
    });
    printMemory('export-parquet-memory', memory.peak(), rest);
  } finally {
    memory.stop();
    await app.close();
  }
}

async function benchDownload(ground: Ground, database: Connection, folder: string): Promise<void> {
  await database.query(LOG, [ROWS, ground.companyId]);
  await database.query('VACUUM ANALYZE kernel_event');
  const server = await startProgram('server', { DATABASE_URL: ground.applicationUrl });
  try {
    const { token } = await signIn(`http://127.0.0.1:${server.port}`, 'contador', PASSWORD);
    const rest = rssMb(server.pid);
    forgetPeak(server.pid);
    await inTurns('export-audit', 1, () => peakMb(server.pid), {
      ours: () => timed(() => downloaded(server.port, token ?? '')),
      reference: () =>
        copied(
          database,
          folder,
          `SELECT * FROM kernel_event WHERE action = 'bench.payment' ORDER BY created_at, id`,
        ),
    });
    printMemory('export-audit-memory', peakMb(server.pid), rest);
  } finally {
    await server.stop();
  }
}

/** The whole log of these actions; as fast as it comes. @throws Error when it is not whole */
async function downloaded(port: number, token: string): Promise<void> {
  const path = '/api/v1/audit/export?format=jsonl&action=bench.payment';
  const asked = request({
    ...{
      host: '127.0.0.1',
      port,
      path,
      agent: false,
      headers: { authorization: `Bearer ${token}` },
    },
  }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  let lines = 0;
  for await (const piece of answer) {
    for (const byte of piece as Buffer) if (byte === 10) lines += 1;
  }
  if (answer.statusCode !== 200 || lines !== ROWS) {
    throw new Error(`${answer.statusCode}: ${lines} lines, not ${ROWS}`);
  }
}

async function copied(database: Connection, folder: string, sql: string): Promise<Load> {
  return timed(async () => {
    const rows = database.query(copyTo(`COPY (${sql}) TO STDOUT WITH (FORMAT csv)`));
    await pipeline(rows, createWriteStream(join(folder, 'copy.csv')));
  });
}

async function timed(work: () => Promise<void>): Promise<Load> {
  const begun = performance.now();
  await work();
  return { perSecond: (ROWS * 1_000) / (performance.now() - begun), p50Ms: 0, p99Ms: 0 };
}

import { Client as Connection } from 'pg';
import { signIn } from '../support/client.js';
import { inTurns, printMemory } from './figures.js';
import { PASSWORD } from './ground.js';
import type { Ground } from './ground.js';
import { forgetPeak, peakMb, rssMb, startProgram } from './load.js';
import type { Load } from './load.js';

const DOCUMENTS = Number(process.env['OFITEC_BENCH_F29_DOCUMENTS'] ?? 1_000_000);
const PERIOD = '202609';

const FILL = `WITH company AS (SELECT id AS company_id FROM base_company LIMIT 1),
  import AS (
    INSERT INTO sii_connector_import (id, company_id, created_at, kind, period, sha256, bytes,
      encoding, documents, imported, changed, skipped, warnings)
    SELECT gen_random_uuid(), company_id, now(), 'rcv-compra', '${PERIOD}', '', 1, 'utf-8', 1, 1, 0, 0, '[]'
    FROM company RETURNING id, company_id)
  INSERT INTO sii_connector_document (id, company_id, created_at, updated_at, version, import_id,
    origin, book, section, period, dte_type, folio, summary, documents, counterpart_rut,
    issue_date, claimed, transaction_type, exempt, net, vat, vat_non_recoverable, vat_common_use,
    fixed_asset_net, fixed_asset_vat, tax_without_credit, vat_not_withheld, vat_withheld_total,
    vat_withheld_partial, vat_late, total, other_taxes, details, corrects_purchase_invoice, row_number)
  SELECT gen_random_uuid(), company_id, now(), now(), 1, id, 'rcv',
    CASE WHEN n % 2 = 0 THEN 'sale' ELSE 'purchase' END,
    CASE WHEN n % 40 = 1 THEN 'PENDIENTE' ELSE 'REGISTRO' END, '${PERIOD}',
    (ARRAY[33, 33, 33, 34, 39, 56, 61])[1 + n % 7], n, '', 1, '7600' || n % 20000 || '-1',
    date '2026-09-05', false, CASE WHEN n % 30 = 1 THEN 'ACTIVO_FIJO' ELSE 'DEL_GIRO' END,
    CASE WHEN n % 7 = 3 THEN net ELSE 0 END, CASE WHEN n % 7 = 3 THEN 0 ELSE net END,
    CASE WHEN n % 7 = 3 THEN 0 ELSE (net * 19 + 50) / 100 END, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    CASE WHEN n % 7 = 3 THEN net ELSE net + (net * 19 + 50) / 100 END, '[]', '{}', false, 1
  FROM import, (SELECT n, 1000 + (n * 7919) % 900000 AS net FROM generate_series(1, $1::bigint) AS n) AS each`;

// The sums that the codes are made of, as somebody would ask for them at the database's own prompt.
const RAW = `SELECT book, dte_type, transaction_type, section, count(*), sum(documents), sum(exempt),
    sum(net), sum(vat), sum(vat_non_recoverable), sum(vat_common_use), sum(total)
  FROM sii_connector_document WHERE period = '${PERIOD}'
  GROUP BY book, dte_type, transaction_type, section`;

/**
 * Documents a second of a Form 29 worked out over HTTP, rules and all, beside one SQL statement
 * that sums the same documents: `perSecond` of both is documents of the month by the time taken.
 */
export async function benchF29(ground: Ground): Promise<void> {
  const server = await startProgram('server', { DATABASE_URL: ground.applicationUrl });
  const owner = new Connection({ connectionString: ground.ownerUrl });
  await owner.connect();
  try {
    await owner.query(FILL, [DOCUMENTS]);
    await owner.query('VACUUM ANALYZE sii_connector_document');
    const client = await signIn(`http://127.0.0.1:${server.port}`, 'admin', PASSWORD);
    const { body } = await client.post('sii-connector/f29', { period: PERIOD });
    const compute = async (): Promise<void> => {
      const answer = await client.post(`sii-connector/f29/${String(body.id)}/compute`);
      if (answer.status !== 200) throw new Error(answer.text);
    };
    const rest = rssMb(server.pid);
    forgetPeak(server.pid);
    await compute();
    await inTurns('f29', 1, () => peakMb(server.pid), {
      ours: () => timed(compute),
      reference: () => timed(() => owner.query(RAW)),
    });
    printMemory('f29-memory', peakMb(server.pid), rest);
  } finally {
    await owner.query(
      'TRUNCATE sii_connector_document, sii_connector_import_file, sii_connector_import, sii_connector_return, sii_connector_submission',
    );
    await owner.end();
    await server.stop();
  }
}

async function timed(work: () => Promise<unknown>): Promise<Load> {
  const started = performance.now();
  await work();
  const ms = performance.now() - started;
  return { perSecond: (DOCUMENTS * 1000) / ms, p50Ms: ms, p99Ms: ms };
}

import type { House } from './house.js';

/** A past of imports and tax documents in the demo company: mostly purchases in the register. */
export async function pastLedger(house: House, count: number): Promise<void> {
  await house.rows(
    'owner',
    `WITH company AS (SELECT id AS company_id FROM base_company LIMIT 1),
     import AS (
       INSERT INTO sii_connector_import (id, company_id, created_at, kind, period, sha256, bytes,
         encoding, documents, imported, changed, skipped, warnings)
       SELECT gen_random_uuid(), company_id, now() - n * interval '1 day',
         CASE WHEN n % 50 = 0 THEN 'honorarios' ELSE 'rcv-compra' END,
         to_char(now() - n * interval '1 day', 'YYYYMM'), md5(n::text), 1, 'utf-8', 1, 1, 0, 0, '[]'
       FROM company, generate_series(1, $1::integer / 10) AS n RETURNING id, company_id, created_at, period
     ), numbered AS (SELECT *, row_number() OVER (ORDER BY created_at) AS n FROM import)
     INSERT INTO sii_connector_document (id, company_id, created_at, updated_at, version, import_id,
       origin, book, section, period, dte_type, folio, summary, documents, counterpart_rut,
       issue_date, claimed, exempt, net, vat, vat_non_recoverable, vat_common_use, fixed_asset_net,
       fixed_asset_vat, tax_without_credit, vat_not_withheld, vat_withheld_total,
       vat_withheld_partial, vat_late, total, other_taxes, details, corrects_purchase_invoice,
       row_number)
     SELECT gen_random_uuid(), company_id, created_at, created_at, 1, id, 'rcv',
       CASE WHEN m % 30 = 0 THEN 'sale' ELSE 'purchase' END,
       CASE WHEN m % 40 = 0 THEN 'PENDIENTE' ELSE 'REGISTRO' END, period,
       CASE WHEN m % 25 = 0 THEN 61 ELSE 33 END, n * 20 + m, '', 1,
       CASE WHEN m % 2 = 0 THEN '76000001-3' ELSE 'P' || n % 500 END, created_at::date, false,
       ${'0, '.repeat(12)} 0, '[]', '{}', false, 1
     FROM numbered, generate_series(1, 10 + (n % 10)::integer) AS m`,
    { values: [count] },
  );
  await house.rows(
    'owner',
    `INSERT INTO sii_connector_fee (id, company_id, created_at, updated_at, version, import_id, period,
       kind, number, issuer_rut, issue_date, voided, gross, withheld, net, row_number, raw)
     SELECT gen_random_uuid(), company_id, created_at, created_at, 1, id, period, 'BHE',
       row_number() OVER (), '10000001-' || id, created_at::date, false, 0, 0, 0, 1, ''
     FROM sii_connector_import, generate_series(1, 5)`,
  );
  await house.rows(
    'owner',
    'ANALYZE sii_connector_import, sii_connector_document, sii_connector_fee',
  );
}

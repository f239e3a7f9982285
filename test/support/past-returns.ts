import type { House } from './house.js';

/** A past of returns, dated figures, flows and balances in the demo company, mostly over and done. */
export async function pastReturns(house: House, count: number): Promise<void> {
  const company = 'WITH company AS (SELECT id AS company_id FROM base_company LIMIT 1)';
  const days = 'company, generate_series(1, $1::integer) AS n';
  const month = `to_char(date '2100-01-01' - n * interval '1 month' * 1, 'YYYYMM')`;
  const statements = [
    `${company} INSERT INTO sii_connector_return (id, company_id, created_at, updated_at, version,
       period, revision, state, codes, entered, findings, acknowledgements, amount, already_paid,
       folio, filed_on, paid_on, paid_amount, rectifies_id)
     SELECT gen_random_uuid(), company_id, now() - n * interval '1 day', now(), 1, ${month}, 1,
       CASE WHEN n % 100 = 0 THEN 'computed' ELSE 'paid' END, '{}', '{}', '[]', '[]', 1, 0,
       n::text, current_date, current_date, 1, NULL
     FROM company, generate_series(1, least($1::integer, 1100)) AS n`,
    `${company} INSERT INTO sii_connector_figure (id, company_id, created_at, kind, period, value, source)
     SELECT gen_random_uuid(), company_id, now() - n * interval '1 day',
       CASE WHEN n % 50 = 0 THEN 'ppm' ELSE 'utm' END,
       to_char(date '2099-12-01' - (n % 1100) * interval '1 month', 'YYYYMM'), 1, 'test'
     FROM ${days}`,
    `${company} INSERT INTO treasury_flow (id, company_id, created_at, updated_at, version, state, day,
       amount, source_type, source_id, label)
     SELECT gen_random_uuid(), company_id, now() - n * interval '1 day', now(), 1,
       CASE WHEN n % 60 = 0 THEN 'expected' ELSE 'settled' END, current_date - n, n, 'daily_cut',
       gen_random_uuid(), 'test'
     FROM ${days}`,
    `${company} INSERT INTO treasury_balance (id, company_id, created_at, day, amount)
     SELECT gen_random_uuid(), company_id, now() - n * interval '1 day', current_date - n, n
     FROM ${days}`,
    `${company} INSERT INTO sii_connector_connector (id, company_id, created_at, updated_at, version,
       name, kind, active, statuses, health)
     SELECT gen_random_uuid(), company_id, now() - n * interval '1 day', now(), 1, 'c' || n, 'partner',
       true, '{}', 'unknown' FROM ${days} WHERE n % 10 = 0`,
    `WITH returns AS (SELECT id, company_id, row_number() OVER () AS n FROM sii_connector_return),
       connectors AS (SELECT id, row_number() OVER () AS n FROM sii_connector_connector)
     INSERT INTO sii_connector_submission (id, company_id, created_at, updated_at, version,
       connector_id, return_id, key, state, attempts)
     SELECT gen_random_uuid(), company_id, now() - m * interval '1 day', now(), 1, c.id, r.id,
       r.id || '-' || m, CASE WHEN m = 5 AND r.n % 20 = 0 THEN 'queued' ELSE 'filed' END, 1
     FROM returns r JOIN connectors c ON c.n = 1 + r.n % 400, generate_series(1, 5) AS m
     WHERE $1::integer > 0`,
  ];
  for (const statement of statements) await house.rows('owner', statement, { values: [count] });
  await house.rows(
    'owner',
    `ANALYZE sii_connector_return, sii_connector_figure, sii_connector_connector,
       sii_connector_submission, treasury_flow, treasury_balance`,
  );
}

/**
 * The SQL of a generated past. A _branch day_ `k` is one branch's business day: two turns of
 * ninety payments, and 144 orders, of which 142 are paid. `$1` and `$2` bound the branch days of a
 * chunk. Every id can be computed again from its instant, kind and number, so that the tables
 * agree without looking at each other.
 */
export interface PastPlace {
  readonly companyId: string;
  readonly serviceId: string;
  readonly branches: number;
  readonly days: number;
}

export const PAYMENTS_A_DAY = 180;

const CUSTOMERS_A_BRANCH_DAY = 4;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** What branches, registers, cashiers and customers have for an instant in their ids. */
const LONG_AGO_MS = 1_577_836_800_000;

/** The indexes of the tables that grow which are no constraint's; of a partitioned table, its own. */
export const INDEXES = `SELECT i.indexrelid::regclass::text AS name,
    replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ') AS definition
  FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
  WHERE t.relnamespace = 'public'::regnamespace AND NOT t.relispartition AND NOT i.indisunique
    AND t.relname IN ('kernel_event', 'payments_entry', 'payments_payment', 'sales_order', 'sales_order_line')`;

const fixed = (kind: string, number: string): string =>
  `pg_temp.past_id(${LONG_AGO_MS}, '${kind}', ${number})`;

/** Helpers for ids and instants, the tables of a chunk, then branches, cashiers and customers. */
export function opening({ companyId, branches, days }: PastPlace): string[] {
  const turns = `generate_series(0, ${branches - 1}) b, generate_series(0, 1) turn`;
  const stamp = `'${companyId}', now(), now(), 1`;
  return [
    // A UUIDv7 as the house makes them, but the same each time. Declared STABLE and naming each
    // argument once, as all of these, so that PostgreSQL writes it into the query.
    `CREATE FUNCTION pg_temp.past_id(ms bigint, kind text, n bigint) RETURNS uuid LANGUAGE sql STABLE AS $$
       SELECT overlay(overlay(lpad(to_hex(ms), 12, '0') || left(md5(kind || n), 20)
         PLACING '7' FROM 13) PLACING 'a' FROM 17)::uuid $$`,
    `CREATE FUNCTION pg_temp.past_instant(ms bigint) RETURNS timestamptz LANGUAGE sql STABLE AS $$
       SELECT to_timestamp(ms / 1000.0) $$`,
    PLACES,
    ORDERS,
    `INSERT INTO base_branch (id, company_id, created_at, updated_at, version, code, name, active)
     SELECT ${fixed('branch', 'b')}, ${stamp}, 'P' || b, 'Pasado ' || b, true
     FROM generate_series(0, ${branches - 1}) b`,
    `INSERT INTO base_register (id, company_id, created_at, updated_at, version, branch_id, code, name, active)
     SELECT ${fixed('register', 'b * 2 + turn')}, ${stamp}, ${fixed('branch', 'b')},
       'P' || b || '-' || turn, 'Caja ' || turn, true FROM ${turns}`,
    `INSERT INTO base_user (id, company_id, created_at, updated_at, version, login, name, roles, active,
       bot)
     SELECT ${fixed('user', 'b * 2 + turn')}, ${stamp}, 'pasado.' || b || '.' || turn,
       'Cajera del pasado', '{vendedora}', true, false FROM ${turns}`,
    `INSERT INTO sales_customer (id, company_id, created_at, updated_at, version, name, active)
     SELECT ${fixed('customer', 'c')}, '${companyId}', past_instant, past_instant, 1, 'Cliente ' || md5(c::text), true
     FROM generate_series(0, ${branches * days * CUSTOMERS_A_BRANCH_DAY - 1}) c,
       pg_temp.past_instant(${LONG_AGO_MS} + c * ${MINUTE_MS}::bigint)`,
    partitions(days),
  ];
}

/** Months that were before the house kept partitions of them. */
function partitions(days: number): string {
  return `DO $$
    DECLARE first date := date_trunc('month', current_date - ${days + 1});
    BEGIN
      WHILE first < date_trunc('month', current_date) LOOP
        EXECUTE format('CREATE TABLE IF NOT EXISTS kernel_event_%s PARTITION OF kernel_event FOR VALUES FROM (%L) TO (%L)',
          to_char(first, 'YYYYMM'), first::timestamp AT TIME ZONE 'UTC', (first + interval '1 month') AT TIME ZONE 'UTC');
        first := first + interval '1 month';
      END LOOP;
    END $$`;
}

const PLACES = `CREATE TEMPORARY TABLE past_place (n bigint, k bigint, p bigint, turn bigint, o bigint, id uuid,
  order_id uuid, session_id uuid, branch_id uuid, cashier_id uuid, day date, at timestamptz,
  kind text, method text, amount bigint, collected bigint)`;

const ORDERS = `CREATE TEMPORARY TABLE past_order (o bigint, k bigint, j bigint, id uuid, branch_id uuid,
  actor_id uuid, day date, at timestamptz, state text, total bigint)`;

const TOTAL = '1000 + (o * 7919 + 104729) % 2400 * 10 + CASE WHEN o % 5 = 0 THEN 7 ELSE 0 END';

/** The minute of the branch day in which order j is taken, half a minute before its first payment. */
const TAKEN_MS = `((CASE WHEN j < 36 THEN 2 * j ELSE j + 36 END) * 3 - 0.5) * ${MINUTE_MS}`;

/** The tables of a chunk. Mornings begin at 12:00 UTC, which is morning in Santiago all year. */
function chunk({ branches, days }: PastPlace): string[] {
  const start = (k: string): string =>
    `((extract(epoch FROM current_date - ${days})::bigint + 43200) * 1000
      + ${k} / ${branches} * ${DAY_MS} + ${k} % ${branches} * 7)`;
  return [
    'TRUNCATE past_place, past_order',
    // A place p of the branch day is one payment. The first 72 pay half of an order each, the next
    // 106 a whole one; 178 charges the last order by mistake and 179 voids that.
    `INSERT INTO past_place SELECT n, k, p, turn, o, pg_temp.past_id(ms, 'payment', n),
       pg_temp.past_id((start + ${TAKEN_MS})::bigint, 'order', o),
       pg_temp.past_id(start + (turn * 270 - 1) * ${MINUTE_MS}, 'session', k * 2 + turn),
       ${fixed('branch', `k % ${branches}`)}, ${fixed('user', `k % ${branches} * 2 + turn`)},
       current_date - ${days} + (k / ${branches})::integer, pg_temp.past_instant(ms), kind, method, sign * part,
       sign * CASE WHEN method = 'cash' THEN (part + 4) / 10 * 10 ELSE part END
     FROM generate_series($1::bigint * 180, $2::bigint * 180 - 1) n
     CROSS JOIN LATERAL (SELECT n / 180 AS k, n % 180 AS p, n % 180 / 90 AS turn OFFSET 0) a
     CROSS JOIN LATERAL (SELECT ${start('k')} AS start, ${start('k')} + p * 3 * ${MINUTE_MS} AS ms,
       CASE WHEN p < 72 THEN p / 2 WHEN p < 178 THEN p - 36 ELSE 141 END AS j,
       CASE WHEN p = 179 THEN 'void' ELSE 'charge' END AS kind, CASE WHEN p = 179 THEN -1 ELSE 1 END AS sign,
       CASE WHEN p = 179 THEN n - 1 ELSE n END * 31 % 100 AS m OFFSET 0) b
     CROSS JOIN LATERAL (SELECT k * 144 + j AS o, CASE WHEN m < 50 THEN 'cash' WHEN m < 80 THEN 'debit'
       WHEN m < 92 THEN 'credit' ELSE 'transfer' END AS method OFFSET 0) c
     CROSS JOIN LATERAL (SELECT ${TOTAL} AS total OFFSET 0) d
     CROSS JOIN LATERAL (SELECT CASE WHEN p >= 72 THEN total WHEN p % 2 = 0 THEN total / 2
       ELSE total - total / 2 END AS part OFFSET 0) e`,
    `INSERT INTO past_order SELECT o, k, j, pg_temp.past_id(ms, 'order', o), ${fixed('branch', `k % ${branches}`)},
       ${fixed('user', `k % ${branches} * 2 + j % 2`)}, day, pg_temp.past_instant(ms),
       CASE WHEN j = 142 OR (j = 143 AND k % 4 <> 0) THEN 'cancelled'
         WHEN j = 143 OR day > current_date - 4 THEN 'ready' ELSE 'delivered' END, ${TOTAL}
     FROM generate_series($1::bigint, $2::bigint - 1) k CROSS JOIN generate_series(0::bigint, 143) j
     CROSS JOIN LATERAL (SELECT k * 144 + j AS o, (${start('k')} + ${TAKEN_MS})::bigint AS ms,
       current_date - ${days} + (k / ${branches})::integer AS day OFFSET 0) a`,
  ];
}

/** What a chunk writes, in an order that foreign keys accept; those with `$1` take its bounds. */
export function statementsOf(place: PastPlace): string[] {
  return [
    ...chunk(place),
    ...orderStatements(place),
    ...sessionStatements(place),
    ...paymentStatements(place),
    ...prepaidStatements(place),
    ...eventStatements(place),
  ];
}

function orderStatements({ companyId, serviceId, branches, days }: PastPlace): string[] {
  const customers = branches * days * CUSTOMERS_A_BRANCH_DAY;
  const since = (passed: string, when: string): string =>
    `CASE WHEN ${when} THEN at + interval '${passed}' END`;
  return [
    `INSERT INTO sales_order (id, company_id, created_at, updated_at, version, branch_id,
       customer_id, number, ticket, state, business_date, promised_at, total, paid_amount, cancel_reason,
       started_at, ready_at, delivered_at, cancelled_at)
     SELECT id, '${companyId}', at, at + interval '2 days', 5, branch_id,
       CASE WHEN o % 3 <> 0 THEN ${fixed('customer', `o * 31 % ${customers}`)} END,
       k / ${branches} * 144 + j + 1, 'P' || k % ${branches} || '-' || k / ${branches} * 144 + j + 1, state, day,
       at + interval '2 days', total, CASE WHEN j < 142 THEN total ELSE 0 END,
       CASE WHEN state = 'cancelled' THEN 'se arrepintió' END, ${since('2 hours', `state <> 'cancelled'`)},
       ${since('1 day', `state <> 'cancelled'`)}, ${since('2 days', `state = 'delivered'`)},
       ${since('10 minutes', `state = 'cancelled'`)}
     FROM past_order ORDER BY at`,
    `INSERT INTO sales_order_line (id, company_id, created_at, order_id, position, service_id,
       service_name, unit_price, quantity, total, garment_tags)
     SELECT pg_temp.past_id((extract(epoch FROM at) * 1000)::bigint, 'line', o * 2 + line), '${companyId}', at, id,
       line, '${serviceId}', 'Camisa lavada y planchada', part, 1, part, '{}'
     FROM past_order, LATERAL (VALUES (0, total / 2), (1, total - total / 2)) lines (line, part) ORDER BY at`,
  ];
}

function sessionStatements({ companyId, branches }: PastPlace): string[] {
  const tally = `'{"orders": 0, "amount": 0}'::jsonb`;
  const cash = `20000 + sum(collected) FILTER (WHERE method = 'cash')`;
  const cutId = `pg_temp.past_id(${LONG_AGO_MS} + k, 'cut', k)`;
  return [
    `INSERT INTO payments_daily_cut (id, company_id, created_at, branch_id, business_date,
       sequence, cut_by, total, payments, by_method, by_cashier, by_session, cash, prepaid, orders, rows_hash, forced)
     SELECT ${cutId}, '${companyId}', max(at) + interval '10 minutes', branch_id, day, 1, NULL, sum(amount),
       count(*) FILTER (WHERE kind = 'charge'), '[]', '[]', '[]',
       '{"rounding": 0, "cashIn": 0, "cashOut": 0, "drops": 0, "voids": 0, "refunds": 0, "difference": 0}',
       '{"received": 0, "returned": 0, "spent": 0, "byMethod": []}',
       jsonb_build_object('taken', ${tally}, 'delivered', ${tally}, 'cancelled', ${tally}, 'outstanding', ${tally}),
       repeat('0', 64), false
     FROM past_place GROUP BY k, branch_id, day ORDER BY k`,
    `INSERT INTO payments_cash_session (id, company_id, created_at, updated_at, version,
       branch_id, register_id, cashier_id, business_date, state, opening_amount, opening_difference, ended_at,
       closed_at, closed_by, expected_amount, counted_amount, counted_by, by_method, daily_cut_id, blind_counts)
     SELECT session_id, '${companyId}', min(at) - interval '1 minute', max(at), 4, branch_id,
       ${fixed('register', `k % ${branches} * 2 + turn`)}, cashier_id, day, 'closed', 20000, 0,
       max(at) + interval '1 minute', max(at) + interval '3 minutes', cashier_id, ${cash},
       ${cash} - CASE WHEN (k * 2 + turn) % 20 = 0 THEN 500 ELSE 0 END, cashier_id, '[]', ${cutId}, 0
     FROM past_place GROUP BY k, turn, session_id, branch_id, cashier_id, day ORDER BY min(at)`,
  ];
}

function paymentStatements({ companyId }: PastPlace): string[] {
  return [
    `INSERT INTO payments_payment (id, company_id, created_at, updated_at, version, order_id,
       cash_session_id, branch_id, cashier_id, business_date, kind, method, amount, collected, tendered, change,
       reference, reason, reverses_id, reversed_amount)
     SELECT id, '${companyId}', at, at, CASE WHEN p = 178 THEN 2 ELSE 1 END, order_id, session_id, branch_id,
       cashier_id, day, kind, method, amount, collected, greatest(collected, 0), 0,
       CASE WHEN method <> 'cash' THEN 'OP' || n END, CASE WHEN kind = 'void' THEN 'cobro repetido' END,
       CASE WHEN kind = 'void' THEN lag(id) OVER (ORDER BY n) END, CASE WHEN p = 178 THEN amount ELSE 0 END
     FROM past_place ORDER BY n`,
    `INSERT INTO payments_entry (id, company_id, created_at, cash_session_id, cashier_id, kind,
       amount, payment_id, actor_id)
     SELECT pg_temp.past_id(${LONG_AGO_MS} + n, 'rounding', n), '${companyId}', at, session_id, cashier_id, 'rounding',
       collected - amount, id, cashier_id
     FROM past_place WHERE collected <> amount ORDER BY n`,
    `INSERT INTO payments_entry (id, company_id, created_at, cash_session_id, cashier_id, kind,
       amount, reason, actor_id)
     SELECT pg_temp.past_id(${LONG_AGO_MS} + n, 'movement', n), '${companyId}', at, session_id, cashier_id,
       CASE WHEN p % 90 = 0 THEN 'cash_in' ELSE 'drop' END, CASE WHEN p % 90 = 0 THEN 10000 ELSE -10000 END,
       'sencillo', cashier_id
     FROM past_place WHERE p % 90 IN (0, 89) ORDER BY n`,
  ];
}

/** Of the four customers that a branch day brings, each leaves some money once. */
function prepaidStatements({ companyId }: PastPlace): string[] {
  const customer = fixed('customer', `k * ${CUSTOMERS_A_BRANCH_DAY} + p / 20`);
  const visits = `past_place WHERE p IN (0, 20, 40, 60)`;
  return [
    `INSERT INTO payments_prepaid_account (id, company_id, created_at, updated_at, version, balance, entries)
     SELECT ${customer}, '${companyId}', at, at, 2, 20000, 1 FROM ${visits} ORDER BY n`,
    `INSERT INTO payments_prepaid_entry (id, company_id, created_at, customer_id, sequence, cash_session_id, branch_id,
       cashier_id, business_date, kind, amount, balance_after, method, collected, tendered, change)
     SELECT pg_temp.past_id((extract(epoch FROM at) * 1000)::bigint, 'prepay', n), '${companyId}', at, ${customer}, 1,
       session_id, branch_id, cashier_id, day, 'prepay', 20000, 20000, 'debit', 20000, 20000, 0 FROM ${visits} ORDER BY n`,
  ];
}

/** Events of payments, orders and sessions, each kind with the payload that it has in the house. */
function eventStatements({ companyId }: PastPlace): string[] {
  const insert = (columns: string): string => `INSERT INTO kernel_event (id, company_id,
      created_at, action, schema_version, actor_id, actor_login, actor_roles, ip, request_id, subject_type,
      subject_id, subject_label, changes, reason, payload)
    SELECT pg_temp.past_id((extract(epoch FROM told.at) * 1000)::bigint, told.action, n), '${companyId}', told.at,
      told.action, 1, actor_id, 'pasado', '{vendedora}', '10.0.0.7', md5(told.action || n)::uuid::text, ${columns}
    ORDER BY told.at`;
  return [
    insert(
      `'payments.payment', id, 'P' || o || ' ' || method,
        jsonb_build_object('paidAmount', jsonb_build_object('before', 0, 'after', abs(amount))), NULL,
        jsonb_build_object('paymentId', id, 'orderId', order_id, 'cashSessionId', session_id,
          'branchId', branch_id, 'method', method, 'amount', amount)
       FROM (SELECT *, cashier_id AS actor_id,
         CASE WHEN kind = 'void' THEN 'payment.voided' ELSE 'payment.created' END AS action FROM past_place) told`,
    ),
    insert(
      `'sales.order', id, 'P' || n, '{}', CASE WHEN told.action = 'order.cancelled' THEN 'se arrepintió' END,
        jsonb_build_object('orderId', id, 'branchId', branch_id, 'customerId', NULL, 'total', total)
       FROM (SELECT o AS n, id, branch_id, total, actor_id, step.action, step.at
         FROM past_order, LATERAL (VALUES ('order.created', past_order.at, true),
           ('order.delivered', past_order.at + interval '2 days', state = 'delivered'),
           ('order.cancelled', past_order.at + interval '10 minutes', state = 'cancelled')
         ) step (action, at, happened) WHERE happened) told`,
    ),
    insert(
      `'payments.cash_session', session_id, 'cash session', '{}', NULL, jsonb_build_object('cashSessionId', session_id,
        'branchId', branch_id, 'cashierId', actor_id, 'businessDate', day)
       FROM (SELECT k * 2 + turn AS n, session_id, branch_id, cashier_id AS actor_id, day, step.action, step.at
         FROM past_place, LATERAL (VALUES ('cash_session.opened', past_place.at - interval '1 minute', p % 90 = 0),
           ('cash_session.ended', past_place.at + interval '1 minute', p % 90 = 89),
           ('cash_session.closed', past_place.at + interval '3 minutes', p % 90 = 89)
         ) step (action, at, happened) WHERE happened) told`,
    ),
  ];
}

/** What is kept only of the last days, and the counters. */
export function closing({ companyId, branches, days }: PastPlace): string[] {
  return [
    `INSERT INTO kernel_idempotency (company_id, actor_id, route, key, fingerprint, status, body, created_at)
     SELECT company_id, cashier_id, 'POST /api/v1/payments/payments {}', id::text, md5(id::text) || md5(id::text), 201,
       row_to_json(p), created_at
     FROM payments_payment p WHERE created_at > now() - interval '72 hours' AND kind = 'charge'`,
    `INSERT INTO base_sequence (company_id, branch_id, name, value)
     SELECT '${companyId}', ${fixed('branch', 'b')}, 'sales.order', ${days * 144}
     FROM generate_series(0, ${branches - 1}) b`,
  ];
}

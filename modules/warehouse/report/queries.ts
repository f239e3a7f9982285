/** A report as one statement that PostgreSQL and DuckDB understand alike, with the same answers. */
export interface ReportQuery {
  /** What its file is called, and its route. */
  readonly name: string;
  /** What it is about, for whoever opens the file. */
  readonly summary: string;
  /**
   * $1 company, $2 generation, $3 as of which instant, $4 and $5 first and last day or month, $6 one
   * branch or null, $7 and $8 the key behind which to go on, or nulls, $9 rows at most.
   */
  readonly sql: string;
}

// What of a table is of the company and was known by then. Written out for each table, since only so does
// PostgreSQL read by the indexes and DuckDB skip the files.
const known = (alias: string): string =>
  `${alias}.company_id = CAST($1 AS uuid) AND ${alias}.generation = CAST($2 AS integer)
      AND ${alias}.recorded_at <= CAST($3 AS timestamptz)`;

const within = (column: string): string =>
  `${column} BETWEEN CAST($4 AS date) AND CAST($5 AS date)`;

const ofBranch = (column: string): string =>
  `(CAST($6 AS uuid) IS NULL OR ${column} = CAST($6 AS uuid))`;

const behind = (first: string, second: string): string =>
  `(CAST($7 AS text) IS NULL OR ${first} > CAST($7 AS text)
    OR (${first} = CAST($7 AS text) AND ${second} > CAST($8 AS text)))`;

const sum = (what: string): string => `CAST(coalesce(sum(${what}), 0) AS bigint)`;

/** Orders with what they were called off by, if they were. */
const ORDERS = `warehouse_sat_order o
    JOIN warehouse_link_order l ON l.order_key = o.order_key AND ${known('l')}
    LEFT JOIN warehouse_sat_order_step c ON c.order_key = o.order_key AND c.step = 'cancelled'
      AND ${known('c')}`;

/** Payments with the session that they count for. */
const PAYMENTS = `warehouse_sat_session s
    JOIN warehouse_link_payment k ON k.session_key = s.session_key AND ${known('k')}
    JOIN warehouse_sat_payment p ON p.payment_key = k.payment_key AND ${known('p')}
  WHERE s.state = 'open' AND ${known('s')} AND ${within('s.business_date')} AND ${ofBranch('s.branch_id')}`;

export const SALES_BY_DAY: ReportQuery = {
  name: 'sales-by-day',
  summary: 'orders taken and payments taken, by business day and branch; whole pesos',
  sql: `SELECT * FROM (
  SELECT CAST(d.day AS text) AS "date", CAST(d.branch_id AS text) AS "branchId",
    ${sum('d.orders')} AS "orders", ${sum('d.sold')} AS "sold",
    ${sum('d.cancelled')} AS "cancelledOrders", ${sum('d.lost')} AS "cancelledAmount",
    ${sum('d.payments')} AS "payments", ${sum('d.paid')} AS "paid"
  FROM (
    SELECT o.business_date AS day, l.branch_id,
      CASE WHEN c.order_key IS NULL THEN 1 ELSE 0 END AS orders,
      CASE WHEN c.order_key IS NULL THEN o.total ELSE 0 END AS sold,
      CASE WHEN c.order_key IS NULL THEN 0 ELSE 1 END AS cancelled,
      CASE WHEN c.order_key IS NULL THEN 0 ELSE o.total END AS lost, 0 AS payments, 0 AS paid
    FROM ${ORDERS}
    WHERE ${known('o')} AND ${within('o.business_date')} AND ${ofBranch('l.branch_id')}
    UNION ALL
    SELECT s.business_date, s.branch_id, 0, 0, 0, 0,
      CASE WHEN p.kind = 'charge' THEN 1 ELSE 0 END, p.amount
    FROM ${PAYMENTS}
  ) d GROUP BY d.day, d.branch_id
) r WHERE ${behind('r."date"', 'r."branchId"')}
ORDER BY r."date", r."branchId" LIMIT CAST($9 AS bigint)`,
};

export const SALES_BY_CASHIER: ReportQuery = {
  name: 'sales-by-cashier',
  summary: 'payments by business day, branch and the cashier whose session took them; whole pesos',
  sql: `SELECT * FROM (
  SELECT CAST(s.business_date AS text) AS "date",
    CAST(s.branch_id AS text) || '/' || CAST(s.cashier_id AS text) AS "key",
    CAST(s.branch_id AS text) AS "branchId", CAST(s.cashier_id AS text) AS "cashierId",
    ${sum("CASE WHEN p.kind = 'charge' THEN 1 ELSE 0 END")} AS "payments",
    ${sum("CASE WHEN p.kind = 'charge' THEN p.amount ELSE 0 END")} AS "charged",
    ${sum("CASE WHEN p.kind = 'void' THEN p.amount ELSE 0 END")} AS "voided",
    ${sum("CASE WHEN p.kind = 'refund' THEN p.amount ELSE 0 END")} AS "refunded",
    ${sum('p.amount')} AS "paid"
  FROM ${PAYMENTS}
  GROUP BY s.business_date, s.branch_id, s.cashier_id
) r WHERE ${behind('r."date"', 'r."key"')}
ORDER BY r."date", r."key" LIMIT CAST($9 AS bigint)`,
};

export const SALES_BY_SERVICE: ReportQuery = {
  name: 'sales-by-service',
  summary: 'orders taken, by business day and service as it was called then; whole pesos',
  sql: `SELECT * FROM (
  SELECT CAST(o.business_date AS text) AS "date", CAST(n.service_key AS text) AS "serviceId",
    max(t.code) AS "code", max(t.name) AS "name",
    CAST(count(DISTINCT CASE WHEN c.order_key IS NULL THEN o.order_key END) AS bigint) AS "orders",
    ${sum('CASE WHEN c.order_key IS NULL THEN i.thousandths ELSE 0 END')} AS "thousandths",
    ${sum('CASE WHEN c.order_key IS NULL THEN i.total ELSE 0 END')} AS "sold",
    ${sum('CASE WHEN c.order_key IS NULL THEN 0 ELSE i.total END')} AS "cancelledAmount"
  FROM ${ORDERS}
    JOIN warehouse_sat_order_line i ON i.order_key = o.order_key AND ${known('i')}
    JOIN warehouse_link_order_service n ON n.order_key = i.order_key AND n.position = i.position
      AND ${known('n')}
    LEFT JOIN (
      SELECT t.service_key, t.code, t.name, row_number() OVER (
        PARTITION BY t.service_key ORDER BY t.recorded_at DESC, t.event_id DESC) AS place
      FROM warehouse_sat_service t WHERE ${known('t')}
    ) t ON t.service_key = n.service_key AND t.place = 1
  WHERE ${known('o')} AND ${within('o.business_date')} AND ${ofBranch('l.branch_id')}
  GROUP BY o.business_date, n.service_key
) r WHERE ${behind('r."date"', 'r."serviceId"')}
ORDER BY r."date", r."serviceId" LIMIT CAST($9 AS bigint)`,
};

// A return of a later revision takes the place of the one before it.
export const VAT_BY_MONTH: ReportQuery = {
  name: 'vat-by-month',
  summary:
    'VAT of the orders delivered in a month, each as if it had one boleta, beside what the month’s Form 29 says; whole pesos',
  sql: `SELECT * FROM (
  SELECT d.period AS "period", CAST(max(d.is_return) AS integer) AS "isDeclared",
    ${sum('d.orders')} AS "orders", ${sum('d.gross')} AS "gross", ${sum('d.net')} AS "net",
    ${sum('d.vat')} AS "vat",
    max(d.return_id) AS "returnId", CAST(max(d.revision) AS integer) AS "revision", max(d.state) AS "state",
    CAST(max(d.debit) AS bigint) AS "debit", max(d.debit_origin) AS "debitOrigin",
    CAST(max(d.receipts) AS bigint) AS "receipts", CAST(max(d.receipts_vat) AS bigint) AS "receiptsVat",
    max(d.receipts_origin) AS "receiptsOrigin"
  FROM (
    SELECT e.period, 0 AS is_return, 1 AS orders, e.gross, e.net, e.vat,
      CAST(NULL AS text) AS return_id, CAST(NULL AS integer) AS revision, CAST(NULL AS text) AS state,
      CAST(NULL AS bigint) AS debit, CAST(NULL AS text) AS debit_origin,
      CAST(NULL AS bigint) AS receipts, CAST(NULL AS bigint) AS receipts_vat,
      CAST(NULL AS text) AS receipts_origin
    FROM warehouse_sat_order_step e
    JOIN warehouse_link_order l ON l.order_key = e.order_key AND ${known('l')}
    WHERE e.step = 'delivered' AND ${known('e')} AND e.period BETWEEN CAST($4 AS text) AND CAST($5 AS text)
      AND ${ofBranch('l.branch_id')}
    UNION ALL
    SELECT h.period, 1, 0, 0, 0, 0, CAST(h.key AS text), h.revision, s.state,
      f.debit, f.debit_origin, f.receipts, f.receipts_vat, f.receipts_origin
    FROM (
      SELECT h.*, row_number() OVER (PARTITION BY h.period ORDER BY h.revision DESC) AS place
      FROM warehouse_hub_return h
      WHERE ${known('h')} AND h.period BETWEEN CAST($4 AS text) AND CAST($5 AS text)
    ) h
    LEFT JOIN (
      SELECT s.*, row_number() OVER (
        PARTITION BY s.return_key ORDER BY s.recorded_at DESC, s.event_id DESC) AS place
      FROM warehouse_sat_return_state s WHERE ${known('s')}
    ) s ON s.return_key = h.key AND s.place = 1
    LEFT JOIN (
      SELECT f.*, row_number() OVER (
        PARTITION BY f.return_key ORDER BY f.recorded_at DESC, f.event_id DESC) AS place
      FROM warehouse_sat_return_sales f WHERE ${known('f')}
    ) f ON f.return_key = h.key AND f.place = 1
    WHERE h.place = 1 AND CAST($6 AS uuid) IS NULL
  ) d GROUP BY d.period
) r WHERE ${behind('r."period"', 'r."period"')}
ORDER BY r."period" LIMIT CAST($9 AS bigint)`,
};

export const REPORT_QUERIES: readonly ReportQuery[] = [
  SALES_BY_DAY,
  SALES_BY_CASHIER,
  SALES_BY_SERVICE,
  VAT_BY_MONTH,
];

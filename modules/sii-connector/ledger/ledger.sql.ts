import { BUSINESS_TIME_ZONE } from '#kernel';
import { STAGED } from './staged.js';

export const STAGE = 'staged_document';

/** The staging table lives as long as the transaction. */
export const CREATE_STAGE = `CREATE TEMPORARY TABLE ${STAGE} (
  ${Object.entries(STAGED)
    .map(([name, type]) => `${name} ${type}`)
    .join(', ')},
  summary text NOT NULL DEFAULT ''
) ON COMMIT DROP`;

const KEY = ['book', 'counterpart_rut', 'dte_type', 'folio', 'summary'];
const same = (a: string, b: string): string =>
  KEY.map((column) => `${a}.${column} = ${b}.${column}`).join(' AND ');

/** $1: the period of the whole file. */
export const FILL_PERIOD = `UPDATE ${STAGE} SET period = $1 WHERE period IS NULL`;

/** Rows without a folio are told apart by day, and on a day by their order. */
export const NAME_SUMMARIES = `UPDATE ${STAGE} s SET summary = n.summary
  FROM (SELECT id, period || ' ' || issue_date || ' ' || row_number() OVER (
      PARTITION BY book, dte_type, counterpart_rut, period, issue_date ORDER BY row_number) AS summary
    FROM ${STAGE} WHERE folio = 0) n
  WHERE s.id = n.id`;

/** Totals of a month have the month's name: a later file takes the place of an earlier one. */
export const NAME_TOTALS = `UPDATE ${STAGE} SET summary = period || ' total' WHERE folio = 0`;

/** Types that the ledger holds day by day where totals of the month come, or the reverse. $2: how many. */
export const SUMMED_TWICE = `SELECT min(s.row_number)::integer AS row, s.dte_type AS type
  FROM ${STAGE} s JOIN sii_connector_document d ON d.company_id = $1::uuid AND d.period = s.period
    AND d.folio = 0 AND d.book = s.book AND d.dte_type = s.dte_type
    AND (d.summary LIKE '% total') <> (s.summary LIKE '% total')
  WHERE s.folio = 0 GROUP BY s.dte_type ORDER BY 2 LIMIT $2`;

/**
 * Of a thousand of the staged sales, those whose folio the company issued to somebody else. Boletas
 * and exports often name nobody. $1 company.
 */
export const SALES_OF_ANOTHER = `SELECT count(*)::integer AS count, min(s.row_number)::integer AS row
  FROM (SELECT dte_type, folio, counterpart_rut, row_number FROM ${STAGE}
    WHERE book = 'sale' AND folio > 0 AND dte_type IN (30, 32, 33, 34, 45, 46, 55, 56, 60, 61)
    LIMIT 1000) s
  JOIN sii_connector_document d ON d.company_id = $1::uuid AND d.folio = s.folio
    AND d.dte_type = s.dte_type AND d.book = 'sale' AND d.counterpart_rut <> s.counterpart_rut`;

const IN_STAGE: Readonly<Record<string, string>> = {
  received_at: `received_at AT TIME ZONE '${BUSINESS_TIME_ZONE}'`,
  acknowledged_at: `acknowledged_at AT TIME ZONE '${BUSINESS_TIME_ZONE}'`,
  claimed_at: `claimed_at AT TIME ZONE '${BUSINESS_TIME_ZONE}'`,
};

const zoned = (name: string): string =>
  name in IN_STAGE ? `s.${IN_STAGE[name] ?? name}` : `s.${name}`;

const CLAIMED = `(s.claimed_at IS NOT NULL OR s.section = 'RECLAMADO')`;

/** What two rows of one document are compared by: all but where they stand. */
const CONTENT = Object.keys(STAGED).filter(
  (name) => !['id', 'row_number', 'raw', ...KEY].includes(name),
);

/** Documents that stand in the file twice, and whether they say the same. */
export const DUPLICATES = `SELECT min(row_number)::integer AS first, max(row_number)::integer AS last,
    (sum(count(*) - 1) OVER ())::integer AS repeated,
    count(DISTINCT (${CONTENT.join(', ')}))::integer AS contents,
    min(dte_type || '/' || folio) AS document
  FROM ${STAGE} GROUP BY ${KEY.join(', ')} HAVING count(*) > 1 ORDER BY 1 LIMIT $1`;

const COLUMNS = [...Object.keys(STAGED), 'summary'];

/** $1 company, $2 import, $3 now, $4 origin. */
export const INSERT_NEW = `INSERT INTO sii_connector_document
    (company_id, import_id, created_at, updated_at, version, origin, claimed, ${COLUMNS.join(', ')})
  SELECT $1::uuid, $2::uuid, $3::timestamptz, $3::timestamptz, 1, $4::text, ${CLAIMED},
    ${COLUMNS.map(zoned).join(', ')}
  FROM ${STAGE} s
  ON CONFLICT DO NOTHING`;

// What a DTE told of a note's reference is not lost when the RCV, which never tells it, comes later.
const kept = (name: string): string =>
  name.startsWith('reference_') ? `coalesce(s.${name}, d.${name})` : zoned(name);

const FOUND = `d.company_id = $1::uuid AND ${same('d', 's')} AND d.import_id <> $2::uuid`;

/** Takes over what a file of the RCV says otherwise. $1 company, $2 import, $3 now, $4 origin. */
export const TAKE_CHANGES = `UPDATE sii_connector_document d
  SET import_id = $2::uuid, updated_at = $3::timestamptz, version = d.version + 1, origin = $4::text,
    row_number = s.row_number, raw = s.raw, claimed = ${CLAIMED},
    ${CONTENT.map((name) => `${name} = ${kept(name)}`).join(', ')}
  FROM ${STAGE} s
  WHERE ${FOUND} AND (d.origin = $4::text OR $4::text = 'rcv')
    AND (d.origin, ${CONTENT.map((name) => `d.${name}`).join(', ')})
      IS DISTINCT FROM ($4::text, ${CONTENT.map(kept).join(', ')})`;

/** A DTE adds to what the RCV says which document a note corrects, and nothing else. */
export const ADD_REFERENCES = `UPDATE sii_connector_document d
  SET reference_type = s.reference_type, reference_folio = s.reference_folio,
    updated_at = $3::timestamptz, version = d.version + 1
  FROM ${STAGE} s
  WHERE ${FOUND} AND d.origin = 'rcv' AND s.reference_type IS NOT NULL
    AND (d.reference_type, d.reference_folio) IS DISTINCT FROM (s.reference_type, s.reference_folio)`;

/** DTE whose amounts are not those of the RCV. $1 company, $2 import, $3 how many. */
export const DIFFERING = `SELECT s.row_number AS row, s.total::float8 AS dte, d.total::float8 AS rcv
  FROM ${STAGE} s JOIN sii_connector_document d ON ${FOUND} AND d.origin = 'rcv'
  WHERE (s.exempt, s.net, s.total) IS DISTINCT FROM (d.exempt, d.net, d.total)
  ORDER BY 1 LIMIT $3`;

// A reference may be a text (`200-300`), which is no folio.
const REFERRED = `CASE WHEN n.reference_folio ~ '^[0-9]{1,10}$' THEN n.reference_folio::bigint END`;

/**
 * A note on a claimed document is claimed with it, whichever came first, and no longer when the
 * document is not. $1 company, $2 import, $3 now.
 */
export const SETTLE_CLAIMS = `WITH touched AS (
    SELECT id FROM sii_connector_document
    WHERE company_id = $1::uuid AND import_id = $2::uuid AND reference_folio IS NOT NULL
    UNION
    SELECT n.id FROM ${STAGE} s JOIN sii_connector_document n
      ON n.company_id = $1::uuid AND n.reference_folio IS NOT NULL AND ${same('n', 's')}
    UNION
    SELECT n.id FROM ${STAGE} s JOIN sii_connector_document n
      ON n.company_id = $1::uuid AND n.reference_type = s.dte_type
        AND n.reference_folio = s.folio::text AND n.book = s.book
        AND n.counterpart_rut = s.counterpart_rut
  ), wanted AS (
    SELECT n.id, n.claimed_at IS NOT NULL OR n.section = 'RECLAMADO' OR EXISTS (
        SELECT FROM sii_connector_document d
        WHERE d.company_id = $1::uuid AND d.book = n.book AND d.counterpart_rut = n.counterpart_rut
          AND d.dte_type = n.reference_type AND d.folio = ${REFERRED} AND d.claimed
      ) AS claimed
    FROM touched JOIN sii_connector_document n USING (id)
  )
  UPDATE sii_connector_document n
  SET claimed = wanted.claimed, updated_at = $3::timestamptz, version = n.version + 1
  FROM wanted WHERE n.id = wanted.id AND n.claimed <> wanted.claimed`;

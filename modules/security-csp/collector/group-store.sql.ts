/** What of the given fingerprints has a group. */
export const KNOWN = `SELECT id, fingerprint, samples, browsers FROM security_csp_group
  WHERE company_id = $1 AND app_id = $2 AND fingerprint = ANY($3::text[])`;

/** Groups that began since an instant. */
export const BEGUN = `SELECT
    count(*) FILTER (WHERE NOT foreign_document)::integer AS own,
    count(*) FILTER (WHERE foreign_document)::integer AS foreign
  FROM security_csp_group WHERE company_id = $1 AND app_id = $2 AND created_at > $3`;

export const POLICY_TEXTS = `INSERT INTO security_csp_policy_text (id, company_id, created_at, hash, text)
  SELECT id, $1, $2, hash, text
  FROM jsonb_to_recordset($3::jsonb) AS t(id uuid, hash text, text text) ORDER BY hash
  ON CONFLICT DO NOTHING`;

/** At most ten of both together, in the order in which they came. */
const joined = (column: string): string => `CASE
    WHEN excluded.${column} <@ g.${column} OR cardinality(g.${column}) >= 10 THEN g.${column}
    ELSE (g.${column} || ARRAY(SELECT unnest(excluded.${column}) EXCEPT SELECT unnest(g.${column})))[1:10] END`;

const COLUMNS = `id uuid, fingerprint text, policy_hash text, policy_version integer,
  disposition text, directive text, blocked_kind text, blocked_origin text, blocked_url text,
  source_origin text, foreign_document boolean, document_origins text[], first_seen_at timestamptz,
  last_seen_at timestamptz, count integer, page_sketch integer[], reporter_sketch integer[],
  browsers text[], samples integer, noise_reason text`;

/** In the order of fingerprints, as every process writes them. */
export const GROUPS = `INSERT INTO security_csp_group AS g (
    id, company_id, created_at, updated_at, version, app_id, app, fingerprint, policy_hash,
    policy_version, disposition, directive, blocked_kind, blocked_origin, blocked_url, source_origin,
    foreign_document, document_origins, first_seen_at, last_seen_at, last_day, count, days, pages,
    reporters, page_sketch, reporter_sketch, browsers, samples, noise, noise_reason,
    noise_overridden, verdict)
  SELECT id, $1, $4::timestamptz, $4::timestamptz, 1, $2, $3, fingerprint, policy_hash,
    policy_version, disposition, directive, blocked_kind, blocked_origin, blocked_url, source_origin,
    foreign_document, document_origins, first_seen_at, last_seen_at, $5::date, count, 1,
    security_csp_distinct(page_sketch), security_csp_distinct(reporter_sketch), page_sketch,
    reporter_sketch, browsers, samples, noise_reason IS NOT NULL, noise_reason, false, 'pending'
  FROM jsonb_to_recordset($6::jsonb) AS t(${COLUMNS}) ORDER BY fingerprint
  ON CONFLICT (company_id, app_id, fingerprint) DO UPDATE SET
    first_seen_at = least(g.first_seen_at, excluded.first_seen_at),
    last_seen_at = greatest(g.last_seen_at, excluded.last_seen_at),
    last_day = greatest(g.last_day, excluded.last_day),
    count = least(2147483647, g.count::bigint + excluded.count)::integer,
    days = g.days + CASE WHEN excluded.last_day > g.last_day THEN 1 ELSE 0 END,
    page_sketch = security_csp_merge(g.page_sketch, excluded.page_sketch),
    pages = security_csp_distinct(security_csp_merge(g.page_sketch, excluded.page_sketch)),
    reporter_sketch = security_csp_merge(g.reporter_sketch, excluded.reporter_sketch),
    reporters = security_csp_distinct(security_csp_merge(g.reporter_sketch, excluded.reporter_sketch)),
    browsers = ${joined('browsers')},
    document_origins = ${joined('document_origins')},
    blocked_url = coalesce(g.blocked_url, excluded.blocked_url),
    samples = g.samples + excluded.samples`;

export const GROUP_DAYS = `INSERT INTO security_csp_group_day AS d (company_id, group_id, app_id, day, count)
  SELECT $1, id, $2, $3::date, count
  FROM jsonb_to_recordset($4::jsonb) AS t(id uuid, fingerprint text, count integer)
  ORDER BY fingerprint
  ON CONFLICT (company_id, group_id, day)
    DO UPDATE SET count = least(2147483647, d.count::bigint + excluded.count)::integer`;

export const SAMPLES = `INSERT INTO security_csp_sample (id, company_id, created_at, group_id, slot, report)
  SELECT id, $1, $2, "groupId", slot, report
  FROM jsonb_to_recordset($3::jsonb) AS t(id uuid, "groupId" uuid, slot integer, report jsonb)
  ON CONFLICT DO NOTHING`;

/** Of hashes that are not known, so many a day as there may be new groups in an hour. */
export const HASHES = `INSERT INTO security_csp_script_hash AS h (
    id, company_id, created_at, app_id, url, hash, destination, last_day, count)
  SELECT t.id, $1, $3, $2, t.url, t.hash, t.destination, $4::date, t.count
  FROM jsonb_to_recordset($5::jsonb)
    AS t(id uuid, url text, hash text, destination text, count integer)
  WHERE EXISTS (SELECT 1 FROM security_csp_script_hash k WHERE k.company_id = $1 AND k.app_id = $2
      AND k.url = t.url AND k.hash = t.hash)
    OR (SELECT count(*) FROM security_csp_script_hash k WHERE k.company_id = $1 AND k.app_id = $2
      AND k.last_day >= $4::date) < $6
  ORDER BY t.url, t.hash
  ON CONFLICT (company_id, app_id, url, hash) DO UPDATE SET
    last_day = greatest(h.last_day, excluded.last_day),
    count = least(2147483647, h.count::bigint + excluded.count)::integer`;

const TALLIES = ['kept', 'hashes', 'foreign_document', 'unreadable', 'limited', 'overflowed'];
const COUNTED = [...TALLIES, 'dropped', 'unclaimed'];

export const TALLY = `INSERT INTO security_csp_app_day AS d (company_id, app_id, day, ${COUNTED.join(', ')})
  VALUES ($1, $2, $3::date, $4, $5, $6, $7, $8, $9, $10, $11)
  ON CONFLICT (company_id, app_id, day) DO UPDATE SET
    ${COUNTED.map((column) => `${column} = d.${column} + excluded.${column}`).join(', ')}`;

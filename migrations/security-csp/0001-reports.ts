import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isolateCompanies, openDoor, run } from '../sql.js';

/** Apps, the groups of their violation reports, and the door through which a report finds its app. */
export class Reports implements MigrationInterface {
  readonly name = 'Reports0001';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [
      ...[APP, APP_DAY, POLICY_TEXT, GROUP, GROUP_DAY, SAMPLE, SCRIPT_HASH],
      ...INDEXES,
      ...[MERGE, DISTINCT, FIND_APP],
    ]);
    await isolateCompanies(runner, 'security_csp_app', 'SELECT, INSERT, UPDATE');
    for (const table of FORGOTTEN) {
      await isolateCompanies(runner, table, 'SELECT, INSERT, UPDATE, DELETE');
    }
    await openDoor(runner, 'security_csp_find_app(text)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, [
      'DROP FUNCTION security_csp_find_app(text)',
      `DROP TABLE ${[...FORGOTTEN].reverse().join(', ')}`,
      'DROP TABLE security_csp_app',
      'DROP FUNCTION security_csp_distinct(integer[])',
      'DROP FUNCTION security_csp_merge(integer[], integer[])',
    ]);
  }
}

/** What is forgotten after a while. */
const FORGOTTEN = [
  'security_csp_app_day',
  'security_csp_policy_text',
  'security_csp_group',
  'security_csp_group_day',
  'security_csp_sample',
  'security_csp_script_hash',
];

const ROW = `id uuid PRIMARY KEY,
  company_id uuid NOT NULL REFERENCES kernel_company,
  created_at timestamptz(3) NOT NULL`;

const RECORD = `${ROW},
  updated_at timestamptz(3) NOT NULL,
  version integer NOT NULL`;

const OF_APP = `app_id uuid NOT NULL,
  FOREIGN KEY (company_id, app_id) REFERENCES security_csp_app (company_id, id)`;

const OF_GROUP = `group_id uuid NOT NULL,
  FOREIGN KEY (company_id, group_id) REFERENCES security_csp_group (company_id, id)`;

// The slug is all that a report has to say whose it is, so that it is unique in the installation.
const APP = `CREATE TABLE security_csp_app (
  ${RECORD},
  slug text NOT NULL CONSTRAINT security_csp_app_slug_key UNIQUE,
  hosts text[] NOT NULL,
  oldest_version integer,
  UNIQUE (company_id, id)
)`;

// What came for an app on a day, and what was not kept of it, each with its reason.
const APP_DAY = `CREATE TABLE security_csp_app_day (
  company_id uuid NOT NULL REFERENCES kernel_company,
  app_id uuid NOT NULL,
  day date NOT NULL,
  kept bigint NOT NULL,
  hashes bigint NOT NULL,
  foreign_document bigint NOT NULL,
  unreadable bigint NOT NULL,
  limited bigint NOT NULL,
  overflowed bigint NOT NULL,
  dropped bigint NOT NULL,
  unclaimed bigint NOT NULL,
  PRIMARY KEY (company_id, app_id, day),
  FOREIGN KEY (company_id, app_id) REFERENCES security_csp_app (company_id, id)
) WITH (fillfactor = 50)`;

const POLICY_TEXT = `CREATE TABLE security_csp_policy_text (
  ${ROW},
  hash text NOT NULL,
  text text NOT NULL,
  CONSTRAINT security_csp_policy_text_hash_key UNIQUE (company_id, hash)
)`;

// Counted up by every flush: a page keeps room for a heap-only update, and nothing that every
// report changes (count, last_seen_at) is in an index.
const GROUP = `CREATE TABLE security_csp_group (
  ${RECORD},
  ${OF_APP},
  app text NOT NULL,
  fingerprint text NOT NULL,
  policy_hash text NOT NULL,
  policy_version integer,
  disposition text NOT NULL CHECK (disposition IN ('enforce', 'report')),
  directive text NOT NULL,
  blocked_kind text NOT NULL,
  blocked_origin text,
  blocked_url text,
  source_origin text,
  foreign_document boolean NOT NULL,
  document_origins text[] NOT NULL,
  first_seen_at timestamptz(3) NOT NULL,
  last_seen_at timestamptz(3) NOT NULL,
  last_day date NOT NULL,
  count integer NOT NULL CHECK (count > 0),
  days integer NOT NULL CHECK (days > 0),
  pages integer NOT NULL,
  reporters integer NOT NULL,
  page_sketch integer[] NOT NULL,
  reporter_sketch integer[] NOT NULL,
  browsers text[] NOT NULL,
  samples integer NOT NULL,
  noise boolean NOT NULL,
  noise_reason text,
  noise_overridden boolean NOT NULL,
  noise_note text,
  verdict text NOT NULL CHECK (verdict IN ('pending', 'accepted', 'rejected')),
  verdict_reason text,
  verdict_by uuid,
  verdict_at timestamptz(3),
  UNIQUE (company_id, id),
  CONSTRAINT security_csp_group_fingerprint_key UNIQUE (company_id, app_id, fingerprint),
  CHECK (noise = (noise_reason IS NOT NULL)),
  CHECK ((verdict = 'pending') = (verdict_at IS NULL))
) WITH (fillfactor = 70)`;

const GROUP_DAY = `CREATE TABLE security_csp_group_day (
  company_id uuid NOT NULL REFERENCES kernel_company,
  ${OF_GROUP},
  app_id uuid NOT NULL,
  day date NOT NULL,
  count integer NOT NULL CHECK (count > 0),
  PRIMARY KEY (company_id, group_id, day)
) WITH (fillfactor = 70)`;

const SAMPLE = `CREATE TABLE security_csp_sample (
  ${ROW},
  ${OF_GROUP},
  slot integer NOT NULL CHECK (slot >= 0),
  report jsonb NOT NULL,
  CONSTRAINT security_csp_sample_slot_key UNIQUE (company_id, group_id, slot)
)`;

// What 'report-sha256' tells: the hash of a script that did run (CSP3, §2.3.1 and §5.4).
const SCRIPT_HASH = `CREATE TABLE security_csp_script_hash (
  ${ROW},
  ${OF_APP},
  url text NOT NULL,
  hash text NOT NULL,
  destination text NOT NULL,
  last_day date NOT NULL,
  count integer NOT NULL CHECK (count > 0),
  CONSTRAINT security_csp_script_hash_key UNIQUE (company_id, app_id, url, hash)
)`;

const FILTERS = [
  ...['app_id', 'app', 'policy_hash', 'policy_version', 'disposition', 'directive'],
  ...['blocked_kind', 'blocked_origin', 'source_origin', 'noise', 'noise_reason', 'verdict'],
];

const INDEXES = [
  'CREATE INDEX security_csp_app_by_time ON security_csp_app (company_id, created_at, id)',
  'CREATE INDEX security_csp_group_by_time ON security_csp_group (company_id, created_at, id)',
  ...FILTERS.map(
    (column) => `CREATE INDEX security_csp_group_by_${column}
      ON security_csp_group (company_id, ${column}, created_at, id)`,
  ),
  ...['last_day', 'days', 'pages', 'reporters'].map(
    (column) => `CREATE INDEX security_csp_group_by_${column}
      ON security_csp_group (company_id, ${column}, id)`,
  ),
  'CREATE INDEX security_csp_group_day_by_day ON security_csp_group_day (company_id, app_id, day)',
  'CREATE INDEX security_csp_sample_by_time ON security_csp_sample (company_id, created_at)',
  'CREATE INDEX security_csp_script_hash_by_day ON security_csp_script_hash (company_id, app_id, last_day)',
];

// The least 64 hashes of two sketches together.
const MERGE = `CREATE FUNCTION security_csp_merge(a integer[], b integer[]) RETURNS integer[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN b <@ a THEN a ELSE (
      SELECT array_agg(h ORDER BY h) FROM (
        SELECT DISTINCT h FROM unnest(a || b) AS both_of(h) ORDER BY h LIMIT 64) least) END
  $$`;

// How many different things a sketch has seen: its own size while it is not full, then an estimate
// from how densely the least 64 lie (k minimum values, Bar-Yossef et al. 2002).
const DISTINCT = `CREATE FUNCTION security_csp_distinct(sketch integer[]) RETURNS integer
  LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN cardinality(sketch) < 64 THEN cardinality(sketch) ELSE
      least(2147483647, 63 * 4294967296.0 / greatest(1, sketch[64]::bigint + 2147483649))::integer END
  $$`;

// A report comes without a company: by its exact slug it finds where it belongs, and nothing else.
const FIND_APP = `CREATE FUNCTION security_csp_find_app(wanted text)
  RETURNS TABLE (id uuid, company_id uuid, slug text, hosts text[], oldest_version integer)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT a.id, a.company_id, a.slug, a.hosts, a.oldest_version
    FROM security_csp_app a WHERE a.slug = wanted
  $$`;

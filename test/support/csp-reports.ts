import type { Client } from './client.js';
import type { House } from './house.js';
import { until } from './until.js';

/** What happened on a page, whatever shape a browser tells it in. */
export interface Violated {
  readonly document?: string;
  readonly blocked?: string;
  readonly directive?: string;
  readonly policy?: string;
  readonly disposition?: 'enforce' | 'report';
  readonly source?: string | null;
  readonly sample?: string | null;
  readonly referrer?: string | null;
}

/** A body and the content type that a browser sends it under. */
export interface SentBody {
  readonly type: string;
  readonly body: unknown;
}

const LEGACY = 'application/csp-report';
const REPORTS = 'application/reports+json';

export const USER_AGENTS = {
  chrome:
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
  firefox: 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0',
  safari:
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.3 Safari/605.1.15',
} as const;

function filled(violated: Violated): Required<Violated> {
  return {
    document: 'https://app.example/orders',
    blocked: 'https://cdn.example/lib.js',
    directive: 'script-src-elem',
    policy: "default-src 'self'; report-uri /csp/report",
    disposition: 'report',
    source: null,
    sample: null,
    referrer: null,
    ...violated,
  };
}

/** For `report-uri`: Chromium and Firefox, one report a body, kebab-case. */
export function legacyReport(violated: Violated = {}): SentBody {
  const of = filled(violated);
  const report = {
    ...{ 'document-uri': of.document, referrer: of.referrer ?? '' },
    ...{ 'violated-directive': of.directive, 'effective-directive': of.directive },
    ...{ 'original-policy': of.policy, disposition: of.disposition, 'blocked-uri': of.blocked },
    ...(of.source === null ? {} : { 'source-file': of.source, 'line-number': 7 }),
    ...{ 'status-code': '200', 'script-sample': of.sample ?? '' },
  };
  return { type: LEGACY, body: { 'csp-report': report } };
}

/** For `report-uri`: WebKit, which adds a type and leaves disposition and sample out. */
export function webkitLegacyReport(violated: Violated = {}): SentBody {
  const of = filled(violated);
  const report = {
    ...{ 'document-uri': of.document, 'violated-directive': of.directive, 'status-code': 0 },
    ...{ 'effective-directive': of.directive, 'original-policy': of.policy },
    'blocked-uri': of.blocked,
  };
  return { type: LEGACY, body: { type: 'csp-violation', url: of.document, 'csp-report': report } };
}

/** For `report-to`: Chromium and Firefox, a list; Firefox says null where it knows nothing. */
export function reportBatch(...violated: readonly Violated[]): SentBody {
  return { type: REPORTS, body: violated.map((each) => reportOf(each, USER_AGENTS.firefox)) };
}

/** For `report-to`: WebKit, one object, under the content type of the other kind. */
export function webkitReport(violated: Violated = {}): SentBody {
  const { user_agent: _unsaid, age: _unknown, ...report } = reportOf(violated, '');
  return { type: LEGACY, body: report };
}

/** What `'report-sha256'` has a browser tell of a script that ran. */
export function hashReport(hash: string, url: string): object {
  const body = { documentURL: 'https://app.example/', subresourceURL: url, hash };
  return {
    type: 'csp-hash',
    age: 3,
    url: body.documentURL,
    body: { ...body, destination: 'script' },
  };
}

function reportOf(
  violated: Violated,
  userAgent: string,
): {
  age: number;
  user_agent: string;
  type: string;
  url: string;
  body: object;
} {
  const { document, blocked, directive, policy, ...of } = filled(violated);
  const body = {
    ...{ documentURL: document, blockedURL: blocked, effectiveDirective: directive },
    ...{ originalPolicy: policy, disposition: of.disposition, referrer: of.referrer },
    ...{ sourceFile: of.source, sample: of.sample, lineNumber: null, columnNumber: null },
    statusCode: 200,
  };
  return { age: 58, user_agent: userAgent, type: 'csp-violation', url: document, body };
}

/** Sends a body as a browser would. @returns the status */
export async function report(
  url: string,
  { type, body }: SentBody,
  to: { readonly path?: string; readonly userAgent?: string; readonly ip?: string } = {},
): Promise<number> {
  const answer = await fetch(`${url}${to.path ?? '/csp/report'}`, {
    method: 'POST',
    headers: {
      'content-type': type,
      'user-agent': to.userAgent ?? USER_AGENTS.chrome,
      ...(to.ip ? { 'x-forwarded-for': to.ip } : {}),
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  if ((await answer.text()) !== '') throw new Error('An intake says nothing.');
  return answer.status;
}

/** A group as the API lists it, as far as tests look. */
export interface ListedGroup {
  readonly id: string;
  readonly count: number;
  readonly noise: boolean;
  readonly noiseReason: string | null;
  readonly [field: string]: unknown;
}

/** Waits until at least as many groups are listed. @throws Error with how many there are when they do not come */
export async function groupsListed(
  client: Client,
  count: number,
  query = '',
): Promise<ListedGroup[]> {
  let items: ListedGroup[] = [];
  await until(`${count} groups of ${query}`, async () => {
    const { status, body, text } = await client.get(`security-csp/groups?limit=200&${query}`);
    if (status !== 200) throw new Error(`groups are not listed: ${text}`);
    ({ items } = body as { items: ListedGroup[] });
    if (items.length < count) throw new Error(`there are ${items.length}`);
    return true;
  });
  return items;
}

/** Waits until as many reports are counted to an app's groups. @throws Error with how many are when they are not */
export async function reportsCounted(client: Client, app: string, count: number): Promise<void> {
  await until(`${count} reports of ${app}`, async () => {
    const { body } = await client.get(`security-csp/groups?limit=200&app=${app}`);
    const counted = (body as { items: ListedGroup[] }).items.reduce((sum, g) => sum + g.count, 0);
    if (counted < count) throw new Error(`${counted} are counted`);
    return true;
  });
}

/** A past of groups in the demo company: few rare values, many common ones. */
export async function pastReports(house: House, count: number): Promise<void> {
  await house.rows(
    'owner',
    `WITH app AS (
       INSERT INTO security_csp_app (id, company_id, created_at, updated_at, version, slug, hosts)
       SELECT gen_random_uuid(), c.id, now(), now(), 1, 'past-' || n, '{*}'
       FROM (SELECT id FROM base_company LIMIT 1) c, generate_series(0, 4) n
       RETURNING id, company_id, slug
     )
     INSERT INTO security_csp_group (id, company_id, created_at, updated_at, version, app_id, app,
       fingerprint, policy_hash, policy_version, disposition, directive, blocked_kind, blocked_origin,
       source_origin, foreign_document, document_origins, first_seen_at, last_seen_at, last_day, count,
       days, pages, reporters, page_sketch, reporter_sketch, browsers, samples, noise, noise_reason,
       noise_overridden, verdict, verdict_at)
     SELECT gen_random_uuid(), company_id, at, at, 1, app.id, slug, md5(n::text), 'hash ' || n % 30,
       n % 30 + 1, CASE WHEN n % 90 = 0 THEN 'enforce' ELSE 'report' END,
       CASE WHEN n % 40 = 0 THEN 'img-src' ELSE 'script-src-elem' END,
       CASE WHEN n % 60 = 0 THEN 'inline' ELSE 'url' END, 'https://h' || n % 500 || '.test',
       CASE WHEN n % 50 = 0 THEN 'https://s.test' END, false, '{}', at, at, at::date, n, n % 60 + 1,
       n % 900, n % 300, '{}', '{}', '{}', 0, n % 70 = 0, CASE WHEN n % 70 = 0 THEN 'extension' END,
       false, CASE WHEN n % 80 = 0 THEN 'accepted' ELSE 'pending' END,
       CASE WHEN n % 80 = 0 THEN at END
     FROM generate_series(1, $1::integer) AS n JOIN app ON slug = 'past-' || least(n % 9, 4),
       LATERAL (SELECT now() - n * interval '9 minutes' AS at) AS past`,
    { values: [count] },
  );
  await house.rows('owner', 'ANALYZE security_csp_group');
}

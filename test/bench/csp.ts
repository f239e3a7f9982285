import { setTimeout as sleep } from 'node:timers/promises';
import { Client as Connection } from 'pg';
import {
  legacyReport,
  reportBatch,
  webkitLegacyReport,
  webkitReport,
} from '../support/csp-reports.js';
import { signIn } from '../support/client.js';
import { inTurns, printFigure, SECONDS } from './figures.js';
import { PASSWORD } from './ground.js';
import type { Ground } from './ground.js';
import { rssMb, startProgram } from './load.js';
import type { Load, Loaded } from './load.js';
import { requestOf, send } from './sender.js';

const HOSTS = 20;
const PAGES = 50;
const MILLION = 1_000_000;
const FLOOD_REPORTS = Number(process.env['OFITEC_BENCH_REPORTS'] ?? 0);

/** Reports with storage on, against a bare Nest route that answers 204 and does nothing. */
export async function benchCsp(ground: Ground): Promise<void> {
  const ours = await startProgram('server', {
    ...{ DATABASE_URL: ground.applicationUrl, CSP_IP_REPORT_RATE: '1000000/min' },
    CSP_REPORT_RATE: '1000000/min',
  });
  const bare = await startProgram('bare-report', { DATABASE_URL: ground.applicationUrl });
  try {
    await compare(ground, ours, bare);
  } finally {
    await ours.stop();
    await bare.stop();
  }
}

async function compare(ground: Ground, ours: Loaded, bare: Loaded): Promise<void> {
  const bodies = bodiesOf();
  let sent = 0;
  for (const clients of [8, 32]) {
    await inTurns('csp', clients, () => rssMb(ours.pid), {
      ours: async () => {
        const load = await reportOverHttp(ours.port, clients, bodies);
        sent += load.count;
        return load;
      },
      reference: () => reportOverHttp(bare.port, clients, bodies),
    });
  }
  await sleep(1_500);
  await demandStored(ground, sent);
  await watchMemory(ours.port, ours.pid, bodies);
  await benchProof(ground, ours);
}

/** Whether a proof takes a group as long among twenty thousand as among two thousand. */
async function benchProof({ ownerUrl }: Ground, { port, pid }: Loaded): Promise<void> {
  const owner = new Connection({ connectionString: ownerUrl });
  await owner.connect();
  const client = await signIn(`http://127.0.0.1:${port}`, 'admin', PASSWORD);
  const prepare = async (slug: string, groups: number): Promise<() => Promise<Load>> => {
    const app = await client.post('security-csp/apps', { slug, hosts: ['*'] });
    await owner.query(GROUPS, [app.body.id, groups]);
    const { body } = await client.post('security-csp/policies', { app: slug, policy: PROVED });
    return async () => {
      const started = performance.now();
      const proof = await client.post(`security-csp/policies/${body.id}/prove`);
      const { accepted } = proof.body.counts as { accepted: number };
      if (accepted !== groups) throw new Error(`${accepted} of ${groups} groups were proved.`);
      const ms = performance.now() - started;
      return { perSecond: (groups / ms) * 1_000, p50Ms: ms, p99Ms: ms };
    };
  };
  await inTurns('csp-proof, groups/s', 1, () => rssMb(pid), {
    ours: await prepare('muchos', 20_000),
    reference: await prepare('pocos', 2_000),
  });
  await owner.end();
}

/** As many sources as somebody has who accepted everything for years. */
const PROVED = `default-src 'self'; img-src 'self' ${Array.from({ length: 100 }, (_, n) => `https://cdn${n}.test`).join(' ')}`;

const GROUPS = `INSERT INTO security_csp_group (id, company_id, created_at, updated_at, version, app_id,
    app, fingerprint, policy_hash, policy_version, disposition, directive, blocked_kind, blocked_origin,
    blocked_url, foreign_document, document_origins, first_seen_at, last_seen_at, last_day, count, days,
    pages, reporters, page_sketch, reporter_sketch, browsers, samples, noise, noise_overridden, verdict,
    verdict_at)
  SELECT gen_random_uuid(), company_id, now(), now(), 1, id, slug, 'f' || n, 'h', 1, 'report', 'img-src',
    'url', 'https://cdn' || n % 100 || '.test', 'https://cdn' || n % 100 || '.test/' || n, false,
    '{https://app.example}', now(), now(), current_date, 1, 1, 1, 1, '{}', '{}', '{}', 0, false, false,
    'accepted', now()
  FROM security_csp_app, generate_series(1, $2::integer) n WHERE id = $1`;

/** A rate of what is thrown away would say nothing: every report is in a group, or counted. */
async function demandStored({ ownerUrl }: Ground, sent: number): Promise<void> {
  const owner = new Connection({ connectionString: ownerUrl });
  await owner.connect();
  const { rows } = await owner.query<{ kept: number; other: number }>(
    `SELECT coalesce(sum(kept), 0)::float8 AS kept,
       coalesce(sum(limited + overflowed + dropped + unreadable + unclaimed), 0)::float8 AS other
     FROM security_csp_app_day`,
  );
  await owner.end();
  const { kept, other } = rows[0] ?? { kept: 0, other: 0 };
  if (other > 0) throw new Error(`${other} reports were not kept: nothing was measured.`);
  if (kept !== sent) throw new Error(`${kept} of ${sent} reports were kept.`);
}

/**
 * Whether memory stays what it is over millions of reports: `OFITEC_BENCH_REPORTS=5000000`. The line
 * compares the last million with the first; `rssMb` is the most that was ever seen.
 */
async function watchMemory(port: number, pid: number, bodies: readonly Buffer[]): Promise<void> {
  const steps: (Load & { readonly meanMb: number; readonly mostMb: number })[] = [];
  for (let sent = 0; sent < FLOOD_REPORTS; sent += MILLION) {
    const seen: number[] = [];
    const timer = setInterval(() => seen.push(rssMb(pid)), 250);
    const load = await reportOverHttp(port, 32, bodies, Math.min(MILLION, FLOOD_REPORTS - sent));
    clearInterval(timer);
    seen.push(rssMb(pid));
    const meanMb = seen.reduce((sum, each) => sum + each, 0) / seen.length;
    steps.push({ ...load, meanMb, mostMb: Math.max(...seen) });
    const { perSecond, p99Ms } = load;
    process.stderr.write(
      `csp: ${sent + load.count} reports, ${Math.round(perSecond)}/s, p99 ${p99Ms.toFixed(1)} ms, ` +
        `${Math.round(meanMb)} MiB (at most ${Math.max(...seen)})\n`,
    );
  }
  const [first] = steps;
  const last = steps.at(-1);
  if (!first || !last) return;
  printFigure({
    ...{ name: 'csp-memory, MiB', clients: 32, ours: last.meanMb, reference: first.meanMb },
    ratio: last.meanMb / first.meanMb,
    p50Ms: last.p50Ms,
    p99Ms: Math.max(...steps.map(({ p99Ms }) => p99Ms)),
    rssMb: Math.max(...steps.map(({ mostMb }) => mostMb)),
  });
}

/** What four browsers send from some pages about some hosts, as requests ready to be sent. */
function bodiesOf(): Buffer[] {
  const sources = Array.from({ length: 12 }, (_, n) => `https://allowed${n}.example`).join(' ');
  const policy = `default-src 'self'; script-src 'self' ${sources}; report-uri /csp/report?v=1`;
  const shapes = [legacyReport, webkitLegacyReport, reportBatch, webkitReport];
  return Array.from({ length: HOSTS * PAGES }, (_, n) => {
    const shape = shapes[n % shapes.length] ?? legacyReport;
    const { type, body } = shape({
      ...{ blocked: `https://cdn${n % HOSTS}.example/lib/main.js?v=${n}`, policy },
      document: `https://app.example/page/${n % PAGES}?session=${n}`,
    });
    const text = JSON.stringify(body);
    const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0';
    return requestOf('POST /csp/report?v=1', { 'content-type': type, 'user-agent': agent }, text);
  });
}

/**
 * Each of the connections sends all bodies in turn, and begins at another of them.
 *
 * @param most how many are sent; without it, the time of a round decides
 */
function reportOverHttp(
  port: number,
  clients: number,
  bodies: readonly Buffer[],
  most?: number,
): ReturnType<typeof send> {
  const places = Array.from({ length: clients }, (_, client) => client * 31);
  return send({
    ...{ port, clients, status: 204, ...(most === undefined ? { seconds: SECONDS } : { most }) },
    next: (client) => {
      const place = (places[client] = (places[client] ?? 0) + 1);
      return bodies[place % bodies.length] ?? Buffer.alloc(0);
    },
  });
}

import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { ask, Unanswered } from './ask.js';
import type { Site } from './config.js';
import type { Evidence, Look, Testimony } from './rules.js';

export interface ProbeOptions {
  /** The name that the sites serve; asked for at each site's own address. */
  readonly record: string;
  readonly prometheusUrl: string | null;
  readonly timeoutMs: number;
}

/** Prometheus' looks that are older than this say nothing. */
const MAX_AGE_SECONDS = 10;

/** Nobody takes connections there. Faults of one's own network and of names are not among them. */
const DEAD = ['ECONNREFUSED', 'EHOSTUNREACH', 'ETIMEDOUT', 'EHOSTDOWN'];

/** Looks at one site by every way there is, all at once. */
export async function look(site: Site, options: ProbeOptions): Promise<Evidence> {
  const { prometheusUrl, timeoutMs } = options;
  const [found, gate, primary] = await Promise.all([
    readiness(site, options),
    prometheusGate(prometheusUrl, site.name, timeoutMs),
    leaderLock(site.patroniUrls, timeoutMs),
  ]);
  return { look: found, gate, primary };
}

/** A new nonce each time: a cache, or somebody who answers for the site, cannot know it. */
async function readiness(site: Site, { record, timeoutMs }: ProbeOptions): Promise<Look> {
  const nonce = randomBytes(12).toString('hex');
  const target = new URL(site.readyUrl);
  target.searchParams.set('nonce', nonce);
  // At an address the site is asked for the name that it serves; a name of its own stays as it is.
  const isAddress = isIP(target.hostname.replaceAll(/^\[|\]$/g, '')) !== 0;
  const host = target.port ? `${record}:${target.port}` : record;
  try {
    const { status, body } = await ask(target.href, { timeoutMs, ...(isAddress ? { host } : {}) });
    if (status !== 200) return 'answers';
    return (JSON.parse(body) as { nonce?: unknown }).nonce === nonce ? 'ready' : 'answers';
  } catch (error) {
    if (!(error instanceof Unanswered)) return 'answers';
    if (error.connected) return error.code === 'TIMEOUT' ? 'slow' : 'answers';
    return error.code === 'TIMEOUT' || DEAD.includes(error.code) ? 'dead' : 'unknown';
  }
}

/** Whether one of the members holds the leader lock; `unknown` when who is silent could hold it. */
async function leaderLock(urls: readonly string[], timeoutMs: number): Promise<Testimony> {
  if (urls.length === 0) return 'unasked';
  const said = await Promise.all(
    urls.map(async (each): Promise<Testimony> => {
      try {
        const { status } = await ask(new URL('/primary', each).href, { timeoutMs });
        if (status === 200) return 'yes';
        return status === 503 ? 'no' : 'unknown';
      } catch {
        return 'unknown';
      }
    }),
  );
  if (said.includes('yes')) return 'yes';
  return said.includes('unknown') ? 'unknown' : 'no';
}

/** `gate:healthy`, if Prometheus looked within ten seconds; a frozen one repeats what it last knew. */
async function prometheusGate(
  url: string | null,
  site: string,
  timeoutMs: number,
): Promise<Testimony> {
  if (url === null) return 'unasked';
  const age = `gate:observed_age_seconds{site="${site}"}`;
  const trueAge = `${age} + (time() - timestamp(${age}))`;
  const query = `gate:healthy{site="${site}"} and on (site) (${trueAge} <= ${MAX_AGE_SECONDS})`;
  const target = new URL('api/v1/query', url.endsWith('/') ? url : `${url}/`);
  target.searchParams.set('query', query);
  try {
    const { status, body } = await ask(target.href, { timeoutMs });
    const answer = JSON.parse(body) as {
      status?: string;
      data?: { result?: { value?: [number, string] }[] };
    };
    const results = answer.data?.result ?? [];
    if (status !== 200 || answer.status !== 'success' || results.length !== 1) return 'unknown';
    const value = results[0]?.value?.[1];
    if (value === '1') return 'yes';
    return value === '0' ? 'no' : 'unknown';
  } catch {
    return 'unknown';
  }
}

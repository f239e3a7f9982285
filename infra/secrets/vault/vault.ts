import { setTimeout as sleep } from 'node:timers/promises';
import { ask, Unanswered } from '../../failover/dns/ask.js';
import type { Answer } from '../../failover/dns/ask.js';
import type { VaultTrouble } from './vault-fault.js';
import { VaultFault } from './vault-fault.js';
import { faultOf, sayings, unanswered } from './verdict.js';

/** Where Vault is, and how long it is waited for. */
export interface VaultAddress {
  /** Servers of one Vault, asked in turn until one is able to; redirects go to one of these or nowhere. */
  readonly urls: readonly string[];
  /** PEM of the authority that signed its certificate. */
  readonly ca?: string;
  readonly namespace?: string;
  /** For one request. */
  readonly timeoutMs: number;
  /** For one request with its repetitions. */
  readonly patienceMs: number;
}

export interface VaultRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly body?: object;
  /** Whether asking twice does no harm; reading never does. */
  readonly repeatable?: boolean;
  /** Wraps the answer: it is kept for so long, to be taken once. */
  readonly wrapSeconds?: number;
}

/** An answer of Vault. */
export interface VaultAnswer {
  readonly data: Readonly<Record<string, unknown>>;
  readonly auth: Readonly<Record<string, unknown>> | null;
  readonly wrap: Readonly<Record<string, unknown>> | null;
  /** What it is leased as; null where nothing is. */
  readonly lease: { readonly id: string; readonly seconds: number } | null;
  /** When it was given, by Vault's own clock; null when it does not say. */
  readonly at: Date | null;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 3_000;

/** After these the request was not done there, and another server may be able to; the most telling first. */
const ELSEWHERE: readonly VaultTrouble[] = [
  ...(['standby', 'redirected', 'sealed', 'uninitialised'] as const),
  ...(['broken', 'silent', 'distrusted', 'unreachable'] as const),
];
/** These pass by themselves. While a leader is chosen, a standby sends people to the one that died. */
const PASSING: readonly VaultTrouble[] = [
  ...(['unreachable', 'silent', 'standby', 'redirected', 'limited', 'broken'] as const),
];

/** What is known of the servers, whoever asks them. */
interface Servers {
  /** Which of the addresses answered last: it is asked first. */
  first: number;
  /** How far the storage was when we heard of it last; a standby that is behind must not answer us. */
  index: string | null;
}

/**
 * What the programs of OFITEC ask of Vault or OpenBao. Each request is bounded in time, repeated for
 * as long as `patienceMs` where that can do no harm, and goes to no address that was not named: a
 * redirect would carry the token along. Whoever wrote or signed in reads what was written before,
 * from a standby too: OpenBao's answer reads themselves and lag behind. Errors name the path, never
 * a token or a value.
 */
export class Vault {
  #token: string | null = null;
  private servers: Servers = { first: 0, index: null };

  constructor(readonly address: VaultAddress) {}

  /** Takes another token from now on. */
  adopt(token: string): void {
    this.#token = token;
  }

  /** The same servers with a token, or as nobody. */
  withToken(token: string | null): Vault {
    const other = new Vault(this.address);
    other.#token = token;
    other.servers = this.servers;
    return other;
  }

  /** @throws VaultFault */
  async call(path: string, request: VaultRequest = {}): Promise<VaultAnswer> {
    const deadline = performance.now() + this.address.patienceMs;
    for (let attempt = 0; ; attempt += 1) {
      const { fault, answer, retryAfterMs } = await this.attempt(path, request);
      if (answer) return answer;
      const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
      // As long as Vault says, or about so long that not everybody comes back at once.
      const waitMs = retryAfterMs ?? pauseMs * (0.5 + Math.random() / 2);
      if (!mayRepeat(fault, request) || performance.now() + waitMs > deadline) throw fault;
      await sleep(waitMs);
    }
  }

  /** The answer of a request, null where there is nothing. @throws VaultFault */
  async find(path: string, request: VaultRequest = {}): Promise<VaultAnswer | null> {
    try {
      return await this.call(path, request);
    } catch (error) {
      if (error instanceof VaultFault && error.trouble === 'absent') return null;
      throw error;
    }
  }

  /** Asks one server after the other until one did it, or may have. */
  private async attempt(path: string, request: VaultRequest): Promise<Attempt> {
    const { urls } = this.address;
    const tried: Attempt[] = [];
    for (const n of urls.keys()) {
      const at = (this.servers.first + n) % urls.length;
      const attempt = await this.askOne(urls[at] ?? '', path, request);
      const { fault } = attempt;
      if (!fault || !ELSEWHERE.includes(fault.trouble)) {
        this.servers.first = at;
        return attempt;
      }
      if (!mayAgain(fault, request)) return attempt;
      tried.push(attempt);
    }
    const rank = ({ fault }: Attempt): number => (fault ? ELSEWHERE.indexOf(fault.trouble) : 0);
    const none = { fault: new VaultFault('unreachable', 'No address of Vault is configured.') };
    return tried.toSorted((one, other) => rank(one) - rank(other))[0] ?? none;
  }

  private async askOne(url: string, path: string, request: VaultRequest): Promise<Attempt> {
    try {
      const answer = await this.follow(new URL(`/v1/${path}`, url), request);
      return await this.judge(url, path, answer, request);
    } catch (error) {
      if (error instanceof VaultFault) return { fault: error };
      throw error;
    }
  }

  /** Asks, and once more where a standby sends us, if that is one of our own addresses. */
  private async follow(url: URL, request: VaultRequest): Promise<Answer> {
    const first = await this.send(url, request);
    if (first.status < 300 || first.status > 399) return first;
    const target = URL.parse(first.headers.location ?? '', url.href);
    const isKnown = this.address.urls.some((known) => new URL(known).origin === target?.origin);
    if (!target || !isKnown || ![307, 308].includes(first.status)) {
      const place = target ? target.origin : 'nowhere';
      throw new VaultFault(
        'redirected',
        `Vault ${url.host} sends us to ${place}, which VAULT_ADDR does not name; the token stays here.`,
      );
    }
    const second = await this.send(target, request);
    if (second.status < 300 || second.status > 399) return second;
    throw new VaultFault('redirected', `Vault ${url.host} sends us in a circle.`);
  }

  private async send(url: URL, request: VaultRequest): Promise<Answer> {
    const { ca, namespace, timeoutMs } = this.address;
    const { index } = this.servers;
    const { body, wrapSeconds, method = body ? 'POST' : 'GET' } = request;
    const headers = {
      'x-vault-request': 'true',
      ...(this.#token === null ? {} : { 'x-vault-token': this.#token }),
      ...(namespace ? { 'x-vault-namespace': namespace } : {}),
      ...(wrapSeconds ? { 'x-vault-wrap-ttl': `${wrapSeconds}s` } : {}),
      ...(body ? { 'content-type': 'application/json' } : {}),
      ...(index === null
        ? {}
        : { 'x-vault-index': index, 'x-vault-inconsistent': 'forward-active-node' }),
    };
    const content = body ? { body: JSON.stringify(body) } : {};
    const tls = ca ? { tls: { ca } } : {};
    const question = { method, headers, timeoutMs, ...content, ...tls };
    const answer = await ask(url.href, question).catch((error: unknown) => {
      throw error instanceof Unanswered ? unanswered(url.href, error) : error;
    });
    const reached = answer.headers['x-vault-index'];
    if (typeof reached === 'string') this.servers.index = reached;
    return answer;
  }

  private async judge(
    url: string,
    path: string,
    answer: Answer,
    request: VaultRequest,
  ): Promise<Attempt> {
    const { status } = answer;
    const body = parse(answer.body);
    if (status < 300) {
      if (answer.body !== '' && !body) {
        const sentence = `${path}: what answers there is not Vault (no JSON).`;
        return { fault: new VaultFault('broken', sentence, true) };
      }
      return { answer: toAnswer(body ?? {}, answer) };
    }
    const said = sayings(body, request.body, this.#token);
    if (status === 503 && /sealed/i.test(said)) return { fault: await this.sealedOr(url, path) };
    const seconds = Number(answer.headers['retry-after']);
    const retryAfterMs = seconds > 0 ? seconds * 1_000 : undefined;
    return { fault: faultOf(status, path, said), ...(retryAfterMs ? { retryAfterMs } : {}) };
  }

  private async sealedOr(url: string, path: string): Promise<VaultFault> {
    const health = await readHealth(this.address, url).catch(() => null);
    if (health?.state === 'uninitialised') {
      return new VaultFault('uninitialised', `${path}: Vault is not initialised.`);
    }
    return new VaultFault(
      'sealed',
      `${path}: Vault is sealed. Unseal it: infra/secrets/rotation.md.`,
    );
  }
}

interface Attempt {
  readonly answer?: VaultAnswer;
  readonly fault?: VaultFault;
  readonly retryAfterMs?: number;
}

/** How a server of Vault is, as it says itself without being asked who we are. */
export interface VaultHealth {
  readonly state: 'active' | 'standby' | 'sealed' | 'uninitialised' | 'unreachable' | 'broken';
  readonly version: string | null;
  /** By its own clock. */
  readonly at: Date | null;
}

/** The states of `sys/health`; those over 430 are of HashiCorp's. */
const HEALTH: Readonly<Record<number, VaultHealth['state']>> = {
  200: 'active',
  429: 'standby',
  472: 'standby',
  473: 'standby',
  474: 'standby',
  501: 'uninitialised',
  503: 'sealed',
};

/** Asks the first server how it is, once. Never throws for what the server does. */
export async function readHealth(
  address: VaultAddress,
  url = address.urls[0] ?? '',
): Promise<VaultHealth> {
  try {
    const tls = address.ca ? { tls: { ca: address.ca } } : {};
    const answer = await ask(new URL('/v1/sys/health', url).href, {
      timeoutMs: address.timeoutMs,
      ...tls,
    });
    const body = parse(answer.body);
    const version = typeof body?.['version'] === 'string' ? body['version'] : null;
    return { state: HEALTH[answer.status] ?? 'broken', version, at: dateOf(answer) };
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    return { state: 'unreachable', version: null, at: null };
  }
}

/** The server that one takes for the active one, as it says without being asked who we are; null for none. */
export async function readLeader(of: VaultAddress, url: string): Promise<string | null> {
  const { ca, timeoutMs } = of;
  try {
    const place = new URL('/v1/sys/leader', url).href;
    const leader = parse((await ask(place, { timeoutMs, ...(ca ? { tls: { ca } } : {}) })).body);
    const address = leader?.['leader_address'];
    const named = typeof address === 'string' ? URL.parse(address) : null;
    return named?.protocol === 'https:' ? named.origin : null;
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    return null;
  }
}

function mayRepeat(fault: VaultFault | undefined, request: VaultRequest): fault is VaultFault {
  return fault !== undefined && PASSING.includes(fault.trouble) && mayAgain(fault, request);
}

/** Whether it was surely not done, or may be done twice. */
function mayAgain({ outcomeUnknown }: VaultFault, request: VaultRequest): boolean {
  const { method = 'GET', body } = request;
  const { repeatable = !body && method === 'GET' } = request;
  return repeatable || !outcomeUnknown;
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

function toAnswer(body: Readonly<Record<string, unknown>>, answer: Answer): VaultAnswer {
  const { data, auth, wrap_info: wrap, lease_id: id } = body;
  const isLeased = typeof id === 'string' && id !== '';
  return {
    data: isRecord(data) ? data : {},
    auth: isRecord(auth) ? auth : null,
    wrap: isRecord(wrap) ? wrap : null,
    lease: isLeased ? { id, seconds: Number(body['lease_duration']) } : null,
    at: dateOf(answer),
  };
}

function dateOf({ headers }: Answer): Date | null {
  const at = new Date(headers.date ?? '');
  return Number.isNaN(at.getTime()) ? null : at;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

import { setTimeout as sleep } from 'node:timers/promises';
import { ask, Unanswered } from '../../failover/dns/ask.js';
import type { Answer } from '../../failover/dns/ask.js';
import { VaultFault } from './vault-fault.js';

/** Where Vault is, and how long it is waited for. */
export interface VaultAddress {
  /** The first one that takes a connection is asked; redirects go to one of these or nowhere. */
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
/** An answer that says so with another status was not fulfilled either. */
const STANDBY = [412, 472, 473];

/**
 * What the programs of OFITEC ask of Vault or OpenBao. Each request is bounded in time, repeated for
 * as long as `patienceMs` where that can do no harm, and goes to no address that was not named: a
 * redirect would carry the token along. Errors name the path, never a token or a value.
 */
export class Vault {
  #token: string | null = null;

  constructor(readonly address: VaultAddress) {}

  /** Takes another token from now on. */
  adopt(token: string): void {
    this.#token = token;
  }

  /** The same server with a token. */
  withToken(token: string): Vault {
    const other = new Vault(this.address);
    other.#token = token;
    return other;
  }

  /** @throws VaultFault */
  async call(path: string, request: VaultRequest = {}): Promise<VaultAnswer> {
    const deadline = Date.now() + this.address.patienceMs;
    for (let attempt = 0; ; attempt += 1) {
      const { fault, answer, retryAfterMs } = await this.attempt(path, request);
      if (answer) return answer;
      const pauseMs = retryAfterMs ?? Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
      const waitMs = pauseMs * (0.5 + Math.random() / 2);
      if (!mayRepeat(fault, request) || Date.now() + waitMs > deadline) throw fault;
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

  private async attempt(path: string, request: VaultRequest): Promise<Attempt> {
    let fault = new VaultFault('unreachable', 'No address of Vault is configured.');
    for (const url of this.address.urls) {
      try {
        const answer = await this.follow(new URL(`/v1/${path}`, url), request);
        return await this.judge(path, answer, request);
      } catch (error) {
        if (error instanceof VaultFault) return { fault: error };
        if (!(error instanceof Unanswered)) throw error;
        fault = unanswered(url, error);
        if (error.connected) break;
      }
    }
    return { fault };
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
    const { body, wrapSeconds, method = body ? 'POST' : 'GET' } = request;
    const headers = {
      'x-vault-request': 'true',
      ...(this.#token === null ? {} : { 'x-vault-token': this.#token }),
      ...(namespace ? { 'x-vault-namespace': namespace } : {}),
      ...(wrapSeconds ? { 'x-vault-wrap-ttl': `${wrapSeconds}s` } : {}),
      ...(body ? { 'content-type': 'application/json' } : {}),
    };
    const content = body ? { body: JSON.stringify(body) } : {};
    return ask(url.href, {
      method,
      headers,
      timeoutMs,
      ...content,
      ...(ca ? { tls: { ca } } : {}),
    });
  }

  private async judge(path: string, answer: Answer, request: VaultRequest): Promise<Attempt> {
    const { status } = answer;
    const body = parse(answer.body);
    if (status < 300) {
      if (answer.body !== '' && !body) {
        const sentence = `${path}: what answers there is not Vault (no JSON).`;
        return { fault: new VaultFault('broken', sentence, true) };
      }
      return { answer: toAnswer(body ?? {}, answer) };
    }
    const said = sayings(body, request, this.#token);
    if (status === 503 && /sealed/i.test(said)) return { fault: await this.sealedOr(path) };
    const seconds = Number(answer.headers['retry-after']);
    const retryAfterMs = seconds > 0 ? seconds * 1_000 : undefined;
    return { fault: faultOf(status, path, said), ...(retryAfterMs ? { retryAfterMs } : {}) };
  }

  private async sealedOr(path: string): Promise<VaultFault> {
    const health = await readHealth(this.address).catch(() => null);
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

function mayRepeat(
  fault: VaultFault | undefined,
  { method, body, repeatable = !body && (method ?? 'GET') === 'GET' }: VaultRequest,
): fault is VaultFault {
  if (!fault) return false;
  const passing = ['unreachable', 'silent', 'standby', 'limited', 'broken'];
  return passing.includes(fault.trouble) && (repeatable || !fault.outcomeUnknown);
}

function faultOf(status: number, path: string, said: string): VaultFault {
  const sentence = `${path}: Vault answers ${status}${said ? ` (${said})` : ''}`;
  if (status === 400 && /check-and-set parameter did not match/.test(said)) {
    return new VaultFault('conflict', `${path}: somebody else wrote it meanwhile.`);
  }
  if (status === 403) {
    return new VaultFault(
      'denied',
      `${sentence}: the token has ended, or its policy does not allow it.`,
    );
  }
  if (status === 404) return new VaultFault('absent', `${path}: there is nothing.`);
  if (status === 429) return new VaultFault('limited', `${sentence}: it limits how often we ask.`);
  if (STANDBY.includes(status) || (status === 503 && /active|standby|leader/i.test(said))) {
    return new VaultFault('standby', `${path}: Vault stands by, and no server is active.`);
  }
  if (status >= 500) return new VaultFault('broken', sentence, status !== 503);
  return new VaultFault('refused', sentence);
}

function unanswered(url: string, { message, connected, code }: Unanswered): VaultFault {
  const { host } = new URL(url);
  if (/CERT|SIGNED|ISSUER|ALTNAME/.test(code)) {
    const sentence = `Vault ${host} cannot be believed: its certificate says ${code}.`;
    return new VaultFault('distrusted', sentence);
  }
  if (connected) return new VaultFault('silent', `Vault ${host} gave no answer: ${code}.`, true);
  return new VaultFault('unreachable', `Vault cannot be reached: ${message}.`);
}

/** What Vault says is wrong, without anything that we sent. */
function sayings(
  body: Readonly<Record<string, unknown>> | null,
  request: VaultRequest,
  token: string | null,
): string {
  const errors = Array.isArray(body?.['errors']) ? (body['errors'] as unknown[]) : [];
  const text = errors.map(String).join('; ').replace(/\s+/g, ' ').trim();
  const hidden = [token ?? '', ...textsIn(request.body)].filter(({ length }) => length > 3);
  return hidden.reduce((said, each) => said.replaceAll(each, '…'), text).slice(0, 300);
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
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

import { Injectable } from '@nestjs/common';
import { Config, isDay } from '#kernel';
import { connectorConfig } from './connector.config.js';
import { answerPart, requestBody, webhookPart } from './mapping.js';
import type { AnswerPart } from './mapping.js';
import type { AdapterReturn } from './adapter-return.js';
import { NotTaken, OUTCOMES, SiiAdapter } from './sii-adapter.js';
import type { AdapterTarget, Outcome, OutcomeState, WebhookSubject } from './sii-adapter.js';

const MAX_ANSWER_CHARACTERS = 20_000;

/** Answers after which the other end certainly kept nothing. */
const REFUSED_FOR_NOW = [408, 425, 429];

/** Failures to connect at all, by Node's and undici's codes. */
const NEVER_REACHED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'];

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * A partner with a plain JSON API: `POST {base}/f29` with an `Idempotency-Key`, `GET {base}/f29?key=…`
 * and `GET {base}/health`. Hosts are those that the operator named, redirections are not followed,
 * and every call ends.
 */
@Injectable()
export class PartnerAdapter extends SiiAdapter {
  readonly kind = 'partner';
  readonly capabilities = ['submit', 'status', 'webhook'] as const;

  constructor(private readonly config: Config) {
    super();
  }

  async submit(target: AdapterTarget, given: AdapterReturn, key: string): Promise<Outcome> {
    const init = {
      method: 'POST',
      body: JSON.stringify(requestBody(target.mapping, given)),
      headers: { 'idempotency-key': key },
    };
    const { status, body } = await this.call(target, '/f29', init);
    if (REFUSED_FOR_NOW.includes(status)) throw new NotTaken(`the partner answered ${status}`);
    if (status >= 500) throw new Error(`the partner answered ${status}`);
    if (status >= 400)
      return { state: 'rejected', externalId: key, detail: detailOf(target, body, status) };
    return outcomeOf(target, body);
  }

  async find(target: AdapterTarget, key: string): Promise<Outcome | null> {
    const { status, body } = await this.call(target, `/f29?key=${encodeURIComponent(key)}`);
    if (status === 404) return null;
    if (status !== 200) throw new Error(`the partner answered ${status}`);
    return outcomeOf(target, body);
  }

  async probe(target: AdapterTarget): Promise<void> {
    const { status } = await this.call(target, '/health');
    if (status !== 200) throw new Error(`the partner answered ${status}`);
  }

  override subjectOf({ mapping }: AdapterTarget, body: unknown): WebhookSubject | null {
    const [key, externalId] = [
      webhookPart(mapping, body, 'key'),
      webhookPart(mapping, body, 'externalId'),
    ];
    const subject = {
      ...(isShort(key, 200) ? { key } : {}),
      ...(isShort(externalId, 100) ? { externalId } : {}),
    };
    return Object.keys(subject).length > 0 ? subject : null;
  }

  private async call(target: AdapterTarget, path: string, init: RequestInit = {}): Promise<Answer> {
    const url = this.addressOf(target, path);
    const { SII_PARTNER_TIMEOUT_MS } = this.config.of(connectorConfig);
    const headers = {
      ...{ accept: 'application/json', 'content-type': 'application/json' },
      ...(target.secret === null ? {} : { authorization: `Bearer ${target.secret}` }),
      ...(init.headers as Record<string, string> | undefined),
    };
    try {
      const signal = AbortSignal.timeout(SII_PARTNER_TIMEOUT_MS);
      const answer = await fetch(url, { ...init, headers, signal, redirect: 'error' });
      const text = await answer.text();
      if (text.length > MAX_ANSWER_CHARACTERS) throw new Error('the answer is too long');
      return { status: answer.status, body: objectOf(text) };
    } catch (error) {
      if (isNeverReached(error)) throw new NotTaken(`${url.host} was not reached`);
      // What the error says may repeat the request: only its kind is told on.
      const kind = error instanceof Error ? error.name : 'Error';
      throw new Error(`${url.host} did not answer: ${kind}`, { cause: error });
    }
  }

  private addressOf({ baseUrl }: AdapterTarget, path: string): URL {
    const { SII_PARTNER_HOSTS } = this.config.of(connectorConfig);
    const base = baseUrl?.replace(/\/+$/, '') ?? '';
    if (!URL.canParse(base + path)) throw new NotTaken('the connector has no address');
    const url = new URL(base + path);
    const isNear = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
    const isPlain = url.protocol === 'https:' || (url.protocol === 'http:' && isNear);
    if (!isPlain || url.username || !SII_PARTNER_HOSTS.includes(url.host)) {
      throw new NotTaken(`${url.host} is not one of SII_PARTNER_HOSTS, or not https`);
    }
    return url;
  }
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === 'object' && read !== null ? (read as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function outcomeOf({ statuses, mapping }: AdapterTarget, body: Answer['body']): Outcome {
  const part = (name: AnswerPart): unknown => answerPart(mapping, body, name);
  const [externalId, folio] = [textOf(part('externalId')), textOf(part('folio'))];
  const [filedOn, detail] = [dayOf(part('filedOn')), part('detail')];
  const word = String(part('status')).slice(0, 40);
  const state = OUTCOMES.find((each) => each === (statuses[word] ?? word));
  if (!externalId || !state) throw new Error('the partner’s answer is no outcome');
  const isFiled = folio !== null && /^\d{1,12}$/.test(folio) && filedOn !== null;
  // Filed without a folio is not filed: a person has to look.
  const known: OutcomeState = state === 'filed' && !isFiled ? 'needs_action' : state;
  return {
    ...{ state: known, externalId: externalId.slice(0, 100) },
    ...(isFiled ? { folio, filedOn } : {}),
    ...(typeof detail === 'string' ? { detail: detail.slice(0, 300) } : {}),
  };
}

/** A text, or a whole number that stands for one, as folios often come. */
function textOf(value: unknown): string | null {
  if (Number.isSafeInteger(value)) return String(value);
  return typeof value === 'string' ? value : null;
}

/** A day as `YYYY-MM-DD`, `dd/mm/yyyy` or `dd-mm-yyyy`; null when it is none of them. */
function dayOf(value: unknown): string | null {
  const [, day, month, year] = /^(\d{2})[/-](\d{2})[/-](\d{4})$/.exec(String(value)) ?? [];
  const iso = year === undefined ? value : `${year}-${month}-${day}`;
  return isDay(iso) ? iso : null;
}

function isShort(value: unknown, max: number): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= max;
}

function detailOf({ mapping }: AdapterTarget, body: Answer['body'], status: number): string {
  const detail = answerPart(mapping, body, 'detail');
  return typeof detail === 'string' ? detail.slice(0, 300) : `the partner answered ${status}`;
}

function isNeverReached(error: unknown): boolean {
  const cause = error instanceof Error ? (error.cause as { code?: string } | undefined) : undefined;
  return NEVER_REACHED.includes(cause?.code ?? '');
}

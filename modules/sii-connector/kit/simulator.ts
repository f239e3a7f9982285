import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { houseDialect } from './dialect.js';
import type { PartnerDialect, PartnerRequest, TakenReturn } from './dialect.js';
import type { PartnerFault } from './faults.js';

/** How a simulated partner behaves. */
export interface SimulatorOptions {
  /** 0, which is left to the system, unless said. */
  readonly port?: number;
  readonly dialect?: PartnerDialect;
  /** How long a slow answer takes. */
  readonly slowMs?: number;
  /** Is told of each request and webhook, for whoever watches. */
  readonly tell?: (line: string) => void;
}

/** Where webhooks go, and the secret (`whsec_…`) that they are signed with. */
export interface WebhookTarget {
  readonly url: string;
  readonly secret: string;
}

/** What a webhook is sent with, where it is not as it should be. */
export interface WebhookOverrides {
  readonly id?: string;
  readonly secret?: string;
  readonly at?: Date;
  /** Instead of what the dialect says. */
  readonly body?: unknown;
}

/** What is known of a request after it was answered. */
interface Answering {
  readonly response: ServerResponse;
  readonly request: IncomingMessage;
}

/**
 * A partner to practise with: takes returns, with faults; files them when it is told to; says so by
 * signed webhooks. It listens on this machine only.
 */
export class PartnerSimulator {
  /** What it took, by idempotency key. */
  readonly taken = new Map<string, TakenReturn>();
  /** How often a submission was asked for, also of those not taken. */
  posts = 0;
  /** What goes wrong with the next submissions, in turn. */
  readonly faults: PartnerFault[] = [];
  /** The `authorization` of every request. */
  readonly secrets: string[] = [];
  /** The status that each webhook was answered with; 0 where it was not. */
  readonly webhookAnswers: number[] = [];
  webhooks: WebhookTarget | null = null;
  private series = 0;
  private readonly repeated = new Set<string>();
  private readonly sending = new Set<Promise<unknown>>();

  private constructor(
    private readonly server: Server,
    private readonly options: SimulatorOptions,
  ) {}

  /** @throws Error when the port is taken */
  static async open(options: SimulatorOptions = {}): Promise<PartnerSimulator> {
    const server = createServer();
    const simulator = new PartnerSimulator(server, options);
    server.on('request', (request, response) => {
      simulator.answer({ request, response }).catch(() => response.destroy());
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port ?? 0, '127.0.0.1', resolve);
    });
    return simulator;
  }

  /** `127.0.0.1:port`, as `SII_PARTNER_HOSTS` has it. */
  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The SII took what the partner was given: what is not filed yet, or one of that. */
  file(folio: string, filedOn: string, key?: string): void {
    for (const each of this.taken.values()) {
      if (each.isFiled || (key !== undefined && each.key !== key)) continue;
      Object.assign(each, { isFiled: true, folio, filedOn });
      this.announce(each);
    }
  }

  /** Sends a webhook, as it should be or not. @returns the status it was answered with */
  async send(taken: TakenReturn, overrides: WebhookOverrides = {}): Promise<number> {
    if (!this.webhooks) throw new Error('nobody said where webhooks go');
    const { url, secret } = this.webhooks;
    const { id = `msg_${randomUUID()}`, at = new Date() } = overrides;
    const body = JSON.stringify(overrides.body ?? this.dialect.announce(taken));
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(overrides.secret ?? secret).sign(id, at, body),
    };
    const status = await fetch(url, { method: 'POST', headers, body }).then(
      (answer) => answer.status,
      () => 0,
    );
    this.webhookAnswers.push(status);
    this.say(`webhook ${id} of ${taken.externalId}: ${status || 'not answered'}`);
    return status;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.sending);
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private get dialect(): PartnerDialect {
    return this.options.dialect ?? houseDialect;
  }

  private say(line: string): void {
    this.options.tell?.(line);
  }

  /** Tells by webhook what became of it, where somebody wants to know, and as often as it does that. */
  private announce(taken: TakenReturn): void {
    if (!this.webhooks) return;
    const overrides = { id: `msg_${randomUUID()}` };
    const times = this.repeated.has(taken.key) ? 3 : 1;
    const sent = Promise.all(Array.from({ length: times }, () => this.send(taken, overrides)));
    this.sending.add(sent);
    void sent.finally(() => this.sending.delete(sent));
  }

  private async answer({ request, response }: Answering): Promise<void> {
    this.secrets.push(request.headers.authorization ?? '');
    const read = await readRequest(request, this.host);
    const asked = this.dialect.understand(read);
    const say = (status: number, said: unknown): void => {
      this.say(`${read.method} ${read.path}: ${status}`);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(typeof said === 'string' ? said : JSON.stringify(said));
    };
    if (asked === null) return say(404, this.dialect.refuse('no such address'));
    if (asked.act === 'probe') return say(200, { ok: true });
    if (asked.act === 'find') {
      const known = this.taken.get(asked.key);
      return known
        ? say(200, this.dialect.describe(known))
        : say(404, this.dialect.refuse('no such key'));
    }
    return this.submit(asked.key, read.body, say, () => request.socket.destroy());
  }

  private async submit(
    key: string,
    body: unknown,
    say: (status: number, said: unknown) => void,
    hangUp: () => void,
  ): Promise<void> {
    this.posts += 1;
    const fault = this.faults.shift() ?? 'none';
    if (fault !== 'none') this.say(`fault: ${fault}`);
    if (fault === 'busy') return say(429, this.dialect.refuse('too many requests'));
    if (fault === 'error') return say(503, this.dialect.refuse('out of order'));
    if (fault === 'refusal') return say(422, this.dialect.refuse('RUT sin mandato'));
    const { slowMs = 150 } = this.options;
    if (fault === 'slow-acceptance') await sleep(slowMs);
    const isNew = !this.taken.has(key);
    if (isNew) this.series += 1;
    const externalId = `P-${this.series}`;
    const known = this.taken.get(key) ?? { key, externalId, body, isFiled: false };
    this.taken.set(key, known);
    if (fault === 'duplicate-webhooks') this.repeated.add(key);
    if (fault === 'webhook-before-answer' && this.webhooks) await this.send(known);
    else if (isNew) this.announce(known);
    if (fault === 'slow' || fault === 'webhook-before-answer') await sleep(slowMs);
    if (fault === 'silent-after-acceptance') return;
    if (fault === 'hang-up-after-acceptance') return hangUp();
    if (fault === 'error-after-acceptance') return say(500, this.dialect.refuse('out of order'));
    return say(
      200,
      fault === 'nonsense-after-acceptance' ? '<html>' : this.dialect.describe(known),
    );
  }
}

async function readRequest(request: IncomingMessage, host: string): Promise<PartnerRequest> {
  const url = new URL(request.url ?? '/', `http://${host}`);
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const text = Buffer.concat(pieces).toString('utf8');
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
  const { pathname: path, searchParams: query } = url;
  return { method: request.method ?? 'GET', path, query, headers, body: jsonOf(text) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a partner's server does wrong with the next submission. */
export type PartnerFault =
  | 'none'
  /** Takes it, and never answers. */
  | 'silent-after-acceptance'
  /** Takes it, and answers 500. */
  | 'error-after-acceptance'
  /** Takes it, and hangs up. */
  | 'hang-up-after-acceptance'
  /** Does not take it. */
  | 'busy'
  | 'error'
  /** Refuses it for good. */
  | 'refusal'
  /** Answers what is no JSON. */
  | 'nonsense-after-acceptance';

interface Taken {
  readonly externalId: string;
  readonly body: unknown;
  status: string;
  folio?: string;
  filedOn?: string;
}

/** A partner to practise with: takes returns, with faults; files them when it is told to. */
export class PartnerSimulator {
  /** What it took, by idempotency key. */
  readonly taken = new Map<string, Taken>();
  /** How often a submission was asked for, also of those not taken. */
  posts = 0;
  readonly faults: PartnerFault[] = [];
  readonly secrets: string[] = [];

  private constructor(private readonly server: Server) {}

  static async open(): Promise<PartnerSimulator> {
    const server = createServer();
    const simulator = new PartnerSimulator(server);
    server.on('request', (request, response) => void simulator.answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return simulator;
  }

  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The SII took what the partner was given. */
  file(folio: string, filedOn: string): void {
    for (const each of this.taken.values())
      Object.assign(each, { status: 'presentada', folio, filedOn });
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', `http://${this.host}`);
    this.secrets.push(request.headers.authorization ?? '');
    let body = '';
    for await (const piece of request) body += String(piece);
    const say = (status: number, said: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(typeof said === 'string' ? said : JSON.stringify(said));
    };
    if (url.pathname === '/health') return say(200, { ok: true });
    if (request.method === 'GET') {
      const known = this.taken.get(url.searchParams.get('key') ?? '');
      return known ? say(200, known) : say(404, { detail: 'no such key' });
    }
    this.posts += 1;
    const fault = this.faults.shift() ?? 'none';
    if (fault === 'busy') return say(429, {});
    if (fault === 'error') return say(503, {});
    if (fault === 'refusal') return say(422, { detail: 'RUT sin mandato' });
    const key = String(request.headers['idempotency-key']);
    const known = this.taken.get(key) ?? {
      ...{ externalId: `P-${this.taken.size + 1}`, body: JSON.parse(body), status: 'recibida' },
    };
    this.taken.set(key, known);
    if (fault === 'silent-after-acceptance') return;
    if (fault === 'hang-up-after-acceptance') return void request.socket.destroy();
    if (fault === 'error-after-acceptance') return say(500, {});
    return say(200, fault === 'nonsense-after-acceptance' ? '<html>' : known);
  }
}

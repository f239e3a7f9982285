import { Agent, request as send } from 'node:https';
import { connect } from 'node:http2';
import type { ClientHttp2Session } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '#kernel';
import { shop, takeOrder, openSession } from './builders.js';
import type { Shop } from './builders.js';
import { signIn } from './client.js';
import type { Client } from './client.js';
import { DEMO_PASSWORD } from './server.js';

/** How long a client rests between two requests; the machine is shared. */
const REST_MS = 60;

interface Target {
  readonly port: number;
  readonly host: string;
  readonly ca: string;
}

interface Question {
  readonly path: string;
  readonly body?: string;
  readonly key?: string;
}

/** The connection was closed before anything of an answer came: whoever asked may ask again (RFC 9112 §9.3.1, RFC 9113 §8.7). */
class Closed extends Error {}

/** Clients that ask and pay without a pause, over connections that they keep. */
export class ReleaseLoad {
  readonly failures: string[] = [];
  answered = 0;
  paid = 0;
  /** Asked again on another connection, since theirs was closed as they began. */
  repeated = 0;
  private isOver = false;
  private readonly clients: Promise<void>[] = [];

  private constructor(
    private readonly target: Target,
    private readonly token: string,
  ) {}

  /**
   * Starts them: half of them speak HTTP/1.1, half HTTP/2, and every second request is a payment.
   *
   * @param direct address of a process, to prepare the orders at
   */
  static async start(target: Target, direct: string, clients = 4): Promise<ReleaseLoad> {
    const vendedora = await signIn(direct, 'vendedora', DEMO_PASSWORD);
    const place = await shop(vendedora);
    await openSession(vendedora, place.registerIds[0] ?? '');
    return ReleaseLoad.of(target, vendedora, place, clients);
  }

  /** The same for somebody who has signed in and opened a cash session. */
  static async of(
    target: Target,
    seller: Client,
    place: Shop,
    clients: number,
  ): Promise<ReleaseLoad> {
    const load = new ReleaseLoad(target, seller.token ?? '');
    for (let n = 0; n < clients; n += 1) {
      const { id } = await takeOrder(seller, place, 900);
      load.clients.push(n % 2 === 0 ? load.overOne(id) : load.overTwo(id));
    }
    return load;
  }

  /** Waits until so many more are answered. */
  async answers(more: number): Promise<void> {
    const enough = this.answered + more;
    while (this.answered < enough) await sleep(20);
  }

  async stop(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.clients);
  }

  private async go(orderId: string, ask: (question: Question) => Promise<string>): Promise<void> {
    for (let n = 0; !this.isOver; n += 1) {
      const body = JSON.stringify({ orderId, method: 'debit', amount: 10 });
      const question =
        n % 2 === 0
          ? { path: '/api/v1/sales/orders?limit=1' }
          : { path: '/api/v1/payments/payments', body, key: newId() };
      await this.insist(question, ask);
      await sleep(REST_MS);
    }
  }

  private async insist(
    question: Question,
    ask: (question: Question) => Promise<string>,
  ): Promise<void> {
    for (let tries = 0; tries < 3; tries += 1) {
      try {
        const status = await ask(question);
        if (!status.startsWith('2')) this.failures.push(`${status} ${question.path}`);
        this.answered += 1;
        if (status === '201') this.paid += 1;
        return;
      } catch (error) {
        if (!(error instanceof Closed)) {
          this.failures.push(`${question.path}: ${String(error)}`);
          return;
        }
        this.repeated += 1;
      }
    }
    this.failures.push(`${question.path}: closed three times`);
  }

  private headers({ body, key }: Question): Record<string, string> {
    return {
      host: this.target.host,
      authorization: `Bearer ${this.token}`,
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...(body === undefined
        ? {}
        : {
            'content-type': 'application/json',
            'content-length': String(Buffer.byteLength(body)),
          }),
    };
  }

  private async overOne(orderId: string): Promise<void> {
    const { ca, host, port } = this.target;
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca, servername: host });
    const ask = (question: Question): Promise<string> =>
      new Promise((resolve, reject) => {
        const method = question.body === undefined ? 'GET' : 'POST';
        const headers = this.headers(question);
        const address = { agent, port, host: '127.0.0.1', path: question.path };
        const request = send({ ...address, method, headers }, (response) => {
          response.resume();
          response.once('end', () => resolve(String(response.statusCode)));
          response.once('error', reject);
        });
        request.once('error', (error: NodeJS.ErrnoException) =>
          // The end may be met while reading or while writing.
          reject(
            request.reusedSocket && /^(ECONNRESET|EPIPE)$/.test(error.code ?? '')
              ? new Closed()
              : error,
          ),
        );
        request.end(question.body);
      });
    await this.go(orderId, ask);
    agent.destroy();
  }

  private async overTwo(orderId: string): Promise<void> {
    let session: ClientHttp2Session | null = null;
    const ask = (question: Question): Promise<string> =>
      new Promise((resolve, reject) => {
        if (session === null || session.closed || session.destroyed) session = this.openSession();
        const mine = session;
        const { host, 'content-length': _, ...headers } = this.headers(question);
        const stream = mine.request({
          ...{ ':path': question.path, ':authority': host ?? '' },
          ':method': question.body === undefined ? 'GET' : 'POST',
          ...headers,
        });
        let status = '';
        stream.once('response', (answer) => void (status = String(answer[':status'])));
        stream.resume();
        stream.once('error', (error: Error) =>
          reject(status === '' ? new Closed(error.message) : error),
        );
        stream.once('close', () => (status === '' ? reject(new Closed()) : resolve(status)));
        stream.end(question.body);
      });
    await this.go(orderId, ask);
    (session as ClientHttp2Session | null)?.destroy();
  }

  private openSession(): ClientHttp2Session {
    const { ca, host, port } = this.target;
    const session = connect(`https://127.0.0.1:${port}`, { ca, servername: host });
    session.once('goaway', () => session.close());
    session.on('error', () => session.destroy());
    return session;
  }
}

import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:https';
import type { Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { join } from 'node:path';
import { freePort, listen } from './listening.js';
import type { OpenBao } from './openbao.js';

const LOOPBACK = '127.0.0.1';

/** What stands between a client and the server does. `down` takes no connection. */
export type VaultFault =
  | 'none'
  | 'down'
  | 'slow'
  | 'denied'
  | 'limited'
  | 'broken'
  | 'no leader'
  | 'standby'
  | 'stranger'
  | 'not json'
  | 'telling';

/** A request that passes. */
export interface Passing {
  readonly method: string;
  /** Without `/v1/`. */
  readonly path: string;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
}

/** Stands before a real OpenBao with the same certificate and plays what happens to one. */
export class FaultyVault {
  fault: VaultFault = 'none';
  /** Requests that came, whatever became of them. */
  readonly seen: Passing[] = [];
  /** How many further requests the fault befalls; then all is well. */
  faultsLeft = Infinity;
  /** Which requests it befalls. */
  befalls: (passing: Passing) => boolean = () => true;
  /** By how much Vault's clock is ahead of what it is. */
  aheadSeconds = 0;
  /** Where `stranger` sends people to. */
  strangerUrl = 'https://127.0.0.1:1';
  /** What it adds to the headers of what it passes on; an empty one is taken out. */
  adds: Readonly<Record<string, string>> = {};
  /** Called before a request is passed on, and again before its answer is given. */
  watch: (passing: Passing, when: 'before' | 'after') => void | Promise<void> = () => undefined;
  private server: Server | null = null;
  private readonly sockets = new Set<Duplex>();
  private port = 0;

  private constructor(private readonly bao: OpenBao) {}

  static async before(bao: OpenBao): Promise<FaultyVault> {
    const faulty = new FaultyVault(bao);
    await faulty.up();
    return faulty;
  }

  get url(): string {
    return `https://${LOOPBACK}:${this.port}`;
  }

  async set(fault: VaultFault, times = Infinity): Promise<void> {
    this.fault = fault;
    this.faultsLeft = times;
    if (fault === 'down') await this.close();
    else if (!this.server) await this.up();
  }

  async close(): Promise<void> {
    const { server } = this;
    this.server = null;
    for (const socket of this.sockets) socket.destroy();
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  private async up(): Promise<void> {
    const [cert, key] = ['cert.pem', 'key.pem'].map((name) =>
      readFileSync(join(this.bao.folder, name)),
    );
    const server = createServer({ cert, key }, (asked, answer) => {
      this.take(asked, answer).catch(() => answer.destroy());
    });
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    // The same after it was down: whoever asks knows no other.
    this.port ||= await freePort();
    await listen(server, LOOPBACK, this.port);
    this.server = server;
  }

  private async take(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of asked) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const { method = 'GET', url = '' } = asked;
    const path = url.replace('/v1/', '');
    const passing = { method, path, body: body.toString(), headers: asked.headers };
    this.seen.push(passing);
    if (this.fault !== 'none' && this.faultsLeft > 0 && this.befalls(passing)) {
      this.faultsLeft -= 1;
      if (this.fault === 'telling') {
        const said = `${String(asked.headers['x-vault-token'])} sent ${body.toString()}`;
        answer.writeHead(400).end(JSON.stringify({ errors: [said] }));
      } else this.play(url, answer);
      return;
    }
    await this.watch(passing, 'before');
    const { status, headers, text } = await this.pass(asked, body);
    await this.watch(passing, 'after');
    if (this.aheadSeconds > 0) {
      headers.date = new Date(Date.now() + this.aheadSeconds * 1_000).toUTCString();
    }
    answer.writeHead(status, headers).end(text);
  }

  private play(url: string, answer: ServerResponse): void {
    const say = (status: number, errors: string[], headers: Record<string, string> = {}): void => {
      answer.writeHead(status, headers).end(JSON.stringify({ errors }));
    };
    if (this.fault === 'denied') say(403, ['1 error occurred:\n\t* permission denied\n\n']);
    else if (this.fault === 'limited') say(429, ['request path rate limit quota exceeded']);
    else if (this.fault === 'broken') say(500, ['internal error']);
    else if (this.fault === 'standby' && url.startsWith('/v1/sys/health')) {
      answer
        .writeHead(429)
        .end(JSON.stringify({ initialized: true, sealed: false, standby: true }));
    } else if (this.fault === 'no leader' || this.fault === 'standby') {
      say(503, ['node not active but active cluster node not found']);
    } else if (this.fault === 'stranger') say(307, [], { location: `${this.strangerUrl}${url}` });
    else if (this.fault === 'not json')
      answer.writeHead(200).end('<html>a proxy says hello</html>');
    // Slow: it never answers at all.
  }

  private async pass(
    asked: IncomingMessage,
    body: Buffer,
  ): Promise<{ status: number; headers: IncomingMessage['headers']; text: Buffer }> {
    return new Promise((resolve, reject) => {
      const { method, url } = asked;
      const headers = { ...asked.headers, ...this.adds };
      for (const [name, value] of Object.entries(this.adds)) if (value === '') delete headers[name];
      // A connection of its own: one that was kept may be of a server that is gone.
      const options = { method, headers, ca: readFileSync(this.bao.caFile), agent: false };
      const passed = request(`${this.bao.url}${url}`, options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('end', () => {
          const { statusCode = 0, headers: answered } = response;
          resolve({ status: statusCode, headers: answered, text: Buffer.concat(chunks) });
        });
      });
      passed.once('error', reject);
      passed.end(body);
    });
  }
}

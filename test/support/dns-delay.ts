import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { close, listen } from './listening.js';

const LOOPBACK = '127.0.0.1';

/** Stands before the name server and can keep an update back, as a network may. */
export class Delay {
  /** The result codes of the answers that passed, as numbers. */
  readonly rcodes: number[] = [];
  private holding = false;
  private readonly held: { message: Buffer; client: Socket }[] = [];

  private constructor(
    private readonly server: Server,
    private readonly target: number,
  ) {}

  static async open(target: number): Promise<Delay> {
    const server = createServer((client) => delay.take(client));
    const delay = new Delay(server, target);
    await listen(server, LOOPBACK, 0);
    return delay;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  hold(): void {
    this.holding = true;
  }

  /** Lets later updates through; those that are held stay held. */
  pass(): void {
    this.holding = false;
  }

  async untilHeld(timeoutMs = 20_000): Promise<void> {
    const until = Date.now() + timeoutMs;
    while (this.held.length === 0) {
      if (Date.now() > until) throw new Error('No update came.');
      await sleep(20);
    }
  }

  /** Delivers what was held. @returns the name server's result codes */
  async release(): Promise<number[]> {
    const all = this.held.splice(0);
    return Promise.all(all.map(async ({ message }) => this.forward(message, null)));
  }

  async close(): Promise<void> {
    for (const { client } of this.held) client.destroy();
    await close(this.server);
  }

  private take(client: Socket): void {
    let got: Buffer = Buffer.alloc(0);
    client.on('error', () => client.destroy());
    client.on('data', (chunk: Buffer) => {
      got = Buffer.concat([got, chunk]);
      if (got.length < 2 || got.length < 2 + got.readUInt16BE(0)) return;
      const isUpdate = ((got.readUInt8(4) >> 3) & 0xf) === 5;
      if (isUpdate && this.holding) this.held.push({ message: got, client });
      else void this.forward(got, client).catch(() => client.destroy());
    });
  }

  private async forward(message: Buffer, client: Socket | null): Promise<number> {
    return new Promise((resolve, reject) => {
      let got: Buffer = Buffer.alloc(0);
      const upstream = connect(this.target, LOOPBACK, () => upstream.write(message));
      upstream.once('error', reject);
      upstream.on('data', (chunk: Buffer) => {
        got = Buffer.concat([got, chunk]);
        if (got.length < 2 || got.length < 2 + got.readUInt16BE(0)) return;
        const rcode = got.readUInt8(5) & 0xf;
        this.rcodes.push(rcode);
        client?.end(got);
        upstream.destroy();
        resolve(rcode);
      });
    });
  }
}

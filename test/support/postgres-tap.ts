import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

const LOOPBACK = '127.0.0.1';
/** Statements that change a login or end connections. */
const EFFECT = /ALTER ROLE|pg_terminate_backend/;

/** Stands before a PostgreSQL and sees the statements that a rotator sends; what throws cuts the wire. */
export class PostgresTap {
  /** Called before such a statement is passed on, and again before its answer is. */
  watch: (statement: string, when: 'before' | 'after') => void | Promise<void> = () => undefined;

  private constructor(
    private readonly server: Server,
    private readonly target: number,
  ) {}

  static async before(target: number): Promise<PostgresTap> {
    const server = createServer((client) => tap.join(client));
    const tap = new PostgresTap(server, target);
    await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
    return tap;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.server.close(resolve));
  }

  private join(client: Socket): void {
    const server = connect(this.target, LOOPBACK);
    let asked: string | null = null;
    const cut = (): void => {
      client.destroy();
      server.destroy();
    };
    const relay = (from: Socket, pass: (chunk: Buffer) => Promise<void>): void => {
      let turn = Promise.resolve();
      from.on('data', (chunk: Buffer) => {
        turn = turn.then(() => pass(chunk)).catch(cut);
      });
      from.once('error', cut);
      from.once('close', () => void turn.then(cut));
    };
    relay(client, async (chunk) => {
      const text = chunk.toString('latin1');
      if (EFFECT.test(text)) {
        await this.watch(text, 'before');
        asked = text;
      }
      server.write(chunk);
    });
    relay(server, async (chunk) => {
      if (asked !== null) {
        const statement = asked;
        asked = null;
        await this.watch(statement, 'after');
      }
      client.write(chunk);
    });
  }
}

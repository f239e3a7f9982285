import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { Listening } from './listening.js';

const OID_INT4 = 23;

/** A message of PostgreSQL's protocol: its letter, its length, what it says. */
function message(letter: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(letter), length, body]);
}

const int16 = (value: number): Buffer => Buffer.from([(value >> 8) & 0xff, value & 0xff]);
const int32 = (value: number): Buffer => Buffer.concat([int16(value >>> 16), int16(value)]);
const text = (value: string): Buffer => Buffer.from(`${value}\0`);
const READY = message('Z', Buffer.from('I'));
const WELCOME = Buffer.concat([message('R', int32(0)), READY]);

/** As much of PostgreSQL's protocol as a guard speaks; its commits come back, or do not. */
export class PlayedPostgres {
  /**
   * `waits`: connections are taken, commits do not come back. `cancelled`: they come back with the warning that nobody
   * else has them. `frozen`: not even a connection is answered. `refuses`: it answers each with an error. `mute`: who is
   * connected is answered nothing.
   */
  mode: 'mute' | 'commits' | 'waits' | 'cancelled' | 'frozen' | 'refuses' = 'commits';
  /** Commits that wait for a standby, and standbys that stream, as it says itself. */
  waiters = 1;
  streaming = 0;
  commits = 0;
  private readonly held = new Set<Socket>();

  private constructor(private readonly server: Listening) {}

  static async open(): Promise<PlayedPostgres> {
    const server = await Listening.open(createServer((socket) => postgres.take(socket)));
    const postgres = new PlayedPostgres(server);
    return postgres;
  }

  get url(): string {
    return `postgres://test:test@127.0.0.1:${this.server.port}/test`;
  }

  /** How many commits wait here now. */
  get waiting(): number {
    return this.held.size;
  }

  /** Lets go of whatever waited. */
  release(): void {
    for (const socket of this.held) socket.write(this.emitted());
    this.held.clear();
  }

  /** Takes no connections any more, as one that was stopped. */
  async close(): Promise<void> {
    await this.server.close();
  }

  private take(socket: Socket): void {
    let isWelcome = false;
    socket.once('close', () => this.held.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      if (this.mode === 'frozen') return;
      if (this.mode === 'refuses') {
        socket.end(message('E', text('SFATAL'), text('C57P03'), text('Mstarting up'), Buffer.alloc(1))); // prettier-ignore
      } else if (!isWelcome) {
        isWelcome = true;
        socket.write(WELCOME);
      } else if (String.fromCodePoint(chunk[0] ?? 0) === 'Q') this.query(socket, chunk.toString());
    });
  }

  private query(socket: Socket, sql: string): void {
    if (this.mode === 'mute') return;
    if (!sql.includes('emit_message')) socket.write(this.seen());
    else if (this.mode === 'waits') this.held.add(socket);
    else socket.write(this.emitted());
  }

  private emitted(): Buffer {
    this.commits += 1;
    const warning = message('N', text('SWARNING'), text('C01000'), text('Mcanceling wait'), Buffer.alloc(1)); // prettier-ignore
    return Buffer.concat([
      ...(this.mode === 'cancelled' ? [warning] : []),
      message('C', text('SELECT 1')),
      READY,
    ]);
  }

  private seen(): Buffer {
    const names = ['waiters', 'streaming'];
    const fields = names.map((name) => Buffer.concat([text(name), int32(0), int16(0), int32(OID_INT4), int16(4), int32(-1), int16(0)])); // prettier-ignore
    const values = [this.waiters, this.streaming].map((value) => {
      const written = Buffer.from(String(value));
      return Buffer.concat([int32(written.length), written]);
    });
    const rows = [message('T', int16(2), ...fields), message('D', int16(2), ...values)];
    return Buffer.concat([...rows, message('C', text('SELECT 1')), READY]);
  }
}

import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import packet from 'dns-packet';
import { Listening } from './listening.js';

const UPDATE = 5;
const AUTHORITATIVE = 0x0400;

/** A name server over TCP that says what a test tells it to; BIND itself is asked in test/ops. */
export class PlayedNameServer {
  /** By name and type, as `app.example.test A`. */
  readonly records = new Map<string, readonly string[]>();
  ttlSeconds = 30;
  isSilent = false;
  isAuthoritative = true;
  rcode = 0;
  /** Every update that came, as it was on the wire. */
  readonly updates: Buffer[] = [];
  /** What an update is answered with; without it, never. */
  answerUpdate: ((message: Buffer) => Buffer) | null = null;

  private constructor(private readonly server: Listening) {}

  static async open(): Promise<PlayedNameServer> {
    const server = await Listening.open(createServer((socket) => played.take(socket)));
    const played = new PlayedNameServer(server);
    return played;
  }

  get at(): { readonly host: string; readonly port: number } {
    return { host: '127.0.0.1', port: this.server.port };
  }

  /** Says this address and this mark of a name. */
  say(record: string, address: string, mark: string): void {
    this.records.set(`${record} A`, [address]);
    this.records.set(`_gate.${record} TXT`, [mark]);
  }

  async close(): Promise<void> {
    await this.server.close();
  }

  private take(socket: Socket): void {
    let got: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      got = Buffer.concat([got, chunk]);
      if (got.length < 2 || got.length < 2 + got.readUInt16BE(0)) return;
      const answer = this.answer(got.subarray(2, 2 + got.readUInt16BE(0)));
      if (!answer) return;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(answer.length);
      socket.end(Buffer.concat([length, answer]));
    });
  }

  private answer(message: Buffer): Buffer | null {
    if (this.isSilent) return null;
    if (((message.readUInt8(2) >> 3) & 0xf) === UPDATE) {
      this.updates.push(Buffer.from(message));
      return this.answerUpdate?.(message) ?? null;
    }
    const { id = 0, questions = [] } = packet.decode(message);
    const [question] = questions;
    const [name, type] = [question?.name ?? '', question?.type ?? 'A'];
    const values = this.records.get(`${name} ${type}`) ?? [];
    const answers = values.map((data) => ({ name, type, ttl: this.ttlSeconds, data }) as packet.Answer); // prettier-ignore
    const flags = (this.isAuthoritative ? AUTHORITATIVE : 0) | this.rcode;
    return Buffer.from(packet.encode({ type: 'response', id, flags, questions, answers }));
  }
}

import { connect } from 'node:net';
import type { Load } from './load.js';

/** Requests to one server, and the status that each of them must be answered with. */
export interface Sending {
  readonly port: number;
  readonly clients: number;
  /** For how long; no limit unless said. */
  readonly seconds?: number;
  /** How many at most; no limit unless said. One of the two limits is needed. */
  readonly most?: number;
  readonly status: number;
  /** The bytes of the next request of a connection. */
  readonly next: (client: number) => Buffer;
}

/** The bytes of a request with a body, or without. */
export function requestOf(
  line: string,
  headers: Readonly<Record<string, string>>,
  body = '',
): Buffer {
  const sized = body === '' ? headers : { ...headers, 'content-length': Buffer.byteLength(body) };
  const fields = Object.entries(sized).map(([name, value]) => `${name}: ${value}`);
  return Buffer.from([`${line} HTTP/1.1`, 'host: localhost', ...fields, '', body].join('\r\n'));
}

/**
 * Sends over so many connections for so long, each waiting for its answer; one with another status
 * ends the run. Over sockets of its own: Node's client takes as long for a request as the server
 * for some answers, on the same two cores, and `pgbench` beside it is written in C.
 */
export async function send(sending: Sending): Promise<Load & { readonly count: number }> {
  const latencies: number[] = [];
  const started = performance.now();
  const until = started + (sending.seconds ?? Infinity) * 1_000;
  let left = sending.most ?? Infinity;
  const goesOn = (): boolean => performance.now() < until && (left -= 1) >= 0;
  await Promise.all(
    Array.from({ length: sending.clients }, (_, client) =>
      keepSending(sending, client, latencies, goesOn),
    ),
  );
  const seconds = (performance.now() - started) / 1_000;
  latencies.sort((a, b) => a - b);
  const at = (part: number): number => latencies[Math.floor(latencies.length * part)] ?? 0;
  const count = latencies.length;
  return { count, perSecond: count / seconds, p50Ms: at(0.5), p99Ms: at(0.99) };
}

function keepSending(
  sending: Sending,
  client: number,
  latencies: number[],
  goesOn: () => boolean,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(sending.port, '127.0.0.1');
    let began = 0;
    let pending: Buffer = Buffer.alloc(0);
    const go = (): void => {
      if (!goesOn()) {
        socket.end();
        return resolve();
      }
      began = performance.now();
      socket.write(sending.next(client));
    };
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.setNoDelay(true);
    socket.once('connect', go);
    socket.on('data', (chunk) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      const length = lengthOf(pending);
      if (length === undefined || pending.length < length) return;
      const answer = pending;
      pending = Buffer.alloc(0);
      if (statusOf(answer) !== sending.status) {
        return fail(new Error(`a request was answered with ${answer.toString()}`));
      }
      latencies.push(performance.now() - began);
      go();
    });
    socket.once('close', () => reject(new Error('the server closed a connection')));
    socket.once('error', fail);
  });
}

/** Bytes of the answer that a buffer begins with; undefined until its head is there. */
function lengthOf(answer: Buffer): number | undefined {
  const end = answer.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const length = /\r\ncontent-length: *(\d+)/i.exec(answer.toString('latin1', 0, end));
  if (!length && statusOf(answer) !== 204) throw new Error('an answer without a length');
  return end + 4 + Number(length?.[1] ?? 0);
}

/** `HTTP/1.1 201 …` */
function statusOf(answer: Buffer): number {
  return Number(answer.toString('latin1', 9, 12));
}

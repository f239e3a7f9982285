import { request as plain } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { request as secure } from 'node:https';
import { isIP } from 'node:net';

/** An answer within its bounds. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

/** No whole answer came. */
export class Unanswered extends Error {
  constructor(
    message: string,
    /** Whether somebody took the connection. */
    readonly connected: boolean,
    /** Node's name of the fault, `TIMEOUT`, or `UNRESOLVED` where it was this host's resolver that took too long. */
    readonly code: string,
  ) {
    super(message);
  }
}

/** Certificates as PEM. */
export interface Tls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface Question {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For the whole exchange, from the first packet to the last. */
  readonly timeoutMs: number;
  /** The name that is asked for at an address: Host header and TLS server name. */
  readonly host?: string;
  readonly tls?: Tls;
}

/** More than any answer that is asked for here. */
const MAX_BYTES = 1_000_000;

/**
 * One HTTP request on a connection of its own, bounded in time and size; redirects are not followed.
 *
 * @throws Unanswered
 */
export async function ask(url: string, question: Question): Promise<Answer> {
  const target = new URL(url);
  const { host, tls, timeoutMs, method = 'GET' } = question;
  const headers = { ...question.headers, ...(host ? { host } : {}) };
  const send = target.protocol === 'https:' ? secure : plain;
  const servername = host ? { servername: host.replace(/:\d+$/, '') } : {};
  return new Promise((resolve, reject) => {
    let connected = false;
    let resolved = isIP(target.hostname.replaceAll(/^\[|\]$/g, '')) !== 0;
    const request = send(
      target,
      { method, headers, agent: false, ...servername, ...tls },
      (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size > MAX_BYTES) fail('EMSGSIZE', 'The answer is too long.');
        });
        response.once('error', (error: NodeJS.ErrnoException) => fail(error.code, error.message));
        response.once('end', () => {
          clearTimeout(deadline);
          const body = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode ?? 0, body, headers: response.headers });
        });
      },
    );
    const fail = (code = 'UNKNOWN', message = ''): void => {
      clearTimeout(deadline);
      reject(new Unanswered(`${target.host}: ${message || code}`, connected, code));
      request.destroy();
    };
    const deadline = setTimeout(
      () => fail(resolved ? 'TIMEOUT' : 'UNRESOLVED', `no answer within ${timeoutMs} ms`),
      timeoutMs,
    );
    request.once('socket', (socket) => {
      socket.once('lookup', (error: Error | null) => void (resolved = error === null));
      socket.once('connect', () => void (connected = true));
    });
    request.once('error', (error: NodeJS.ErrnoException) => fail(error.code, error.message));
    request.end(question.body);
  });
}

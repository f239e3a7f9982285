import { isIPv6, Socket } from 'node:net';

/** A DNS server's address. */
export interface Server {
  readonly host: string;
  readonly port: number;
}

/** `192.0.2.1`, `ns1.example.cl:5353`, `[2001:db8::1]:53`; port 53 unless told. */
export function readServer(text: string): Server | null {
  const match = /^(?:\[([\da-f:.]+)\]|([a-z0-9._-]+))(?::(\d{1,5}))?$/i.exec(text.trim());
  const host = match?.[1] ?? match?.[2];
  if (!host && isIPv6(text.trim())) return { host: text.trim(), port: 53 };
  const port = Number(match?.[3] ?? 53);
  return host && port >= 1 && port <= 65_535 ? { host, port } : null;
}

export function writeServer({ host, port }: Server): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** Where a service of HTTP takes connections. */
export function serverOf(url: string): Server {
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.replaceAll(/^\[|\]$/g, '');
  return { host, port: Number(port) || (protocol === 'https:' ? 443 : 80) };
}

/** Whether a server takes a connection in time; nothing is said over it. */
export async function takesConnections(server: Server, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new Socket();
    const end = (taken: boolean): void => {
      clearTimeout(deadline);
      socket.destroy();
      resolve(taken);
    };
    const deadline = setTimeout(() => end(false), timeoutMs);
    socket.once('error', () => end(false));
    socket.connect(server.port, server.host, () => end(true));
  });
}

/**
 * Sends one DNS message over TCP and waits for the answer to it. TCP, because an answer over it comes
 * from the server and not from whoever guessed a number.
 *
 * @throws Error when no whole answer comes in time; a message that changes something may have arrived
 */
export async function exchange(
  server: Server,
  message: Buffer,
  timeoutMs: number,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = new Socket();
    let got: Buffer = Buffer.alloc(0);
    const end = (error: Error | null, answer?: Buffer): void => {
      clearTimeout(deadline);
      socket.destroy();
      if (answer) resolve(answer);
      else reject(error ?? new Error(`${writeServer(server)} closed without an answer`));
    };
    const deadline = setTimeout(
      () => end(new Error(`${writeServer(server)} did not answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
    socket.once('error', (error) => end(error));
    socket.once('close', () => end(null));
    socket.on('data', (chunk: Buffer) => {
      got = Buffer.concat([got, chunk]);
      if (got.length < 2 || got.length < 2 + got.readUInt16BE(0)) return;
      const answer = got.subarray(2, 2 + got.readUInt16BE(0));
      if (answer.length < 12 || answer.readUInt16BE(0) !== message.readUInt16BE(0)) {
        end(new Error(`${writeServer(server)} answered something else`));
      } else end(null, Buffer.from(answer));
    });
    socket.connect(server.port, server.host, () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(message.length);
      socket.write(Buffer.concat([length, message]));
    });
  });
}

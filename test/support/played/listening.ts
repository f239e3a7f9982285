import type { AddressInfo, Server, Socket } from 'node:net';

const LOOPBACK = '127.0.0.1';

/** A server of a test on loopback that is closed with every connection that it has. */
export class Listening {
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async open(server: Server): Promise<Listening> {
    const listening = new Listening(server);
    server.on('connection', (socket) => {
      listening.sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => listening.sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, LOOPBACK, resolve);
    });
    return listening;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://${LOOPBACK}:${this.port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    if (this.server.listening) await new Promise((resolve) => this.server.close(resolve));
  }
}

/** The body of a request as JSON. */
export async function bodyOf<T>(request: AsyncIterable<unknown>): Promise<T> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return JSON.parse(text === '' ? '{}' : text) as T;
}

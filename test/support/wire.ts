import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

/** A wire to a server on loopback, which a test cuts (nothing answers) or freezes (nothing moves). */
export class Wire {
  private state: 'whole' | 'cut' | 'frozen' = 'whole';
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async to(target: number): Promise<Wire> {
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const wire = new Wire(server, typeof address === 'object' && address ? address.port : 0);
    server.on('connection', (near) => wire.join(near, target));
    return wire;
  }

  /** The same database at the end of this wire. */
  url(url: string): string {
    const through = new URL(url);
    through.port = String(this.port);
    return through.href;
  }

  /** Ends every connection, and every new one at once. */
  cut(): void {
    this.state = 'cut';
    for (const socket of this.sockets) socket.destroy();
  }

  /** Lets nothing through and ends nothing, as a network does that drops packets. */
  freeze(): void {
    this.state = 'frozen';
    for (const socket of this.sockets) socket.pause();
  }

  /** As new; what was frozen is gone. */
  mend(): void {
    for (const socket of this.sockets) socket.destroy();
    this.state = 'whole';
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private join(near: Socket, target: number): void {
    this.keep(near);
    if (this.state === 'cut') return void near.destroy();
    if (this.state === 'frozen') return void near.pause();
    const far = connect(target, '127.0.0.1');
    this.keep(far);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (chunk) => to.write(chunk));
      from.on('end', () => to.end());
      from.on('close', () => to.destroy());
    }
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.sockets.delete(socket));
  }
}

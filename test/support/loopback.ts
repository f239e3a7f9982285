import { Socket } from 'node:net';

const LOOPBACK = ['127.0.0.1', 'localhost', '::1', undefined];

/** Refuses every connection that leaves the machine, for the rest of the process. */
export function refuseOutsideTraffic(): void {
  const connect = Socket.prototype.connect as (this: Socket, ...args: unknown[]) => Socket;
  Socket.prototype.connect = function guarded(this: Socket, ...args: unknown[]): Socket {
    const [first] = args.flat() as [{ host?: string } | undefined];
    const host = typeof first === 'object' ? first.host : undefined;
    if (!LOOPBACK.includes(host)) throw new Error(`A test reaches for ${host}: loopback only.`);
    return connect.apply(this, args);
  };
}

import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server as HttpServer } from 'node:http';
import type { Server } from 'node:net';

export async function listen(
  server: Server | HttpServer,
  host: string,
  port: number,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
}

export async function close(server: Server | HttpServer | null): Promise<void> {
  if (!server?.listening) return;
  if ('closeAllConnections' in server) server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** Ports that were given away here; none is given twice. */
const given = new Set<number>();
const LOWEST = 12_000;

/**
 * A port of 127.0.0.1 for a program that is started with it. Not of the range from which the system takes the near end of
 * each connection: one of those may be taken, by anybody, between here and the start of the program.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 200; tries += 1) {
    const port = LOWEST + Math.floor(Math.random() * (firstOfSystem() - LOWEST));
    if (given.has(port)) continue;
    const probe = createServer();
    const isFree = await listen(probe, '127.0.0.1', port).then(
      () => true,
      () => false,
    );
    await close(probe);
    if (!isFree) continue;
    given.add(port);
    return port;
  }
  throw new Error('no port is free');
}

/** The first port that the system gives away by itself. */
function firstOfSystem(): number {
  const [first = ''] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s/);
  return Math.max(Number(first), LOWEST + 4_000);
}

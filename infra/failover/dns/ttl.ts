import type { Zone } from './zone.js';

export interface TtlReport {
  readonly ok: boolean;
  readonly wantedSeconds: number;
  readonly servers: readonly { server: string; ttlSeconds: number | null; fault: string | null }[];
  readonly lines: readonly string[];
}

/** Whether resolvers may keep the name for no longer than wanted; what they keep, a flip cannot reach. */
export async function checkTtl(zone: Zone, wantedSeconds: number): Promise<TtlReport> {
  const { servers } = await zone.look();
  const found = servers.map(({ server, ttlSeconds, error }) => ({
    server,
    ttlSeconds,
    fault: error ?? faultOf(ttlSeconds, wantedSeconds),
  }));
  return {
    ok: found.length > 0 && found.every(({ fault }) => fault === null),
    wantedSeconds,
    servers: found,
    lines: found.map(
      ({ server, ttlSeconds, fault }) => `${server.padEnd(24)}${fault ?? `fine, ${ttlSeconds} s`}`,
    ),
  };
}

function faultOf(ttlSeconds: number | null, wantedSeconds: number): string | null {
  if (ttlSeconds === null) return 'has no such name';
  return ttlSeconds > wantedSeconds ? `${ttlSeconds} s, more than ${wantedSeconds} s` : null;
}

import { randomInt } from 'node:crypto';
import packet from 'dns-packet';
import type { DecodedPacket } from 'dns-packet';
import { exchange, writeServer } from './exchange.js';
import type { Server } from './exchange.js';
import { isAuthoritative, rcodeOf } from './message.js';

/** What one server says of one name and type. */
export interface RecordSet {
  readonly values: readonly string[];
  /** Of the records; null when there are none. */
  readonly ttlSeconds: number | null;
}

/**
 * Asks one server for what it is itself responsible for; a server that only repeats is refused.
 *
 * @throws Error when it does not answer, is not authoritative, or answers with an error
 */
export async function queryAuthority(
  server: Server,
  name: string,
  type: 'A' | 'AAAA' | 'TXT' | 'NS',
  timeoutMs: number,
): Promise<RecordSet> {
  const id = randomInt(0x10000);
  const message = packet.encode({ type: 'query', id, flags: 0, questions: [{ type, name }] });
  const bytes = await exchange(server, Buffer.from(message), timeoutMs);
  const rcode = rcodeOf(bytes);
  // An absent name is an answer as well: there are no values.
  if (rcode !== 'NOERROR' && rcode !== 'NXDOMAIN') {
    throw new Error(`${writeServer(server)} answers ${rcode} for ${name}`);
  }
  if (!isAuthoritative(bytes)) {
    throw new Error(`${writeServer(server)} is not authoritative for ${name}`);
  }
  return recordSet(packet.decode(bytes), name, type);
}

function recordSet(decoded: DecodedPacket, name: string, type: string): RecordSet {
  const found = (decoded.answers ?? []).filter(
    (each) => each.type === type && each.name.toLowerCase() === name.toLowerCase(),
  );
  const values = found.map((each) => textOf('data' in each ? each.data : '')).sort();
  const ttls = found.map((each) => ('ttl' in each ? Number(each.ttl) : 0));
  return { values, ttlSeconds: ttls.length > 0 ? Math.max(...ttls) : null };
}

function textOf(data: unknown): string {
  if (typeof data === 'string') return data;
  if (Buffer.isBuffer(data)) return data.toString('utf8');
  if (Array.isArray(data)) return data.map(textOf).join('');
  return '';
}

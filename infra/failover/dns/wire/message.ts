import { isIPv4, isIPv6 } from 'node:net';

/** Numbers of the registry (IANA, DNS parameters). */
export const TYPES = { A: 1, NS: 2, SOA: 6, TXT: 16, AAAA: 28, TSIG: 250 } as const;
export const CLASSES = { IN: 1, NONE: 254, ANY: 255 } as const;

/** What the twelve bytes at the start of a message say (RFC 1035, section 4.1.1). */
const HEADER_BYTES = 12;
const UPDATE_FLAGS = 5 << 11;

const RCODES: Readonly<Record<number, string>> = {
  ...{ 0: 'NOERROR', 1: 'FORMERR', 2: 'SERVFAIL', 3: 'NXDOMAIN', 4: 'NOTIMP', 5: 'REFUSED' },
  ...{ 6: 'YXDOMAIN', 7: 'YXRRSET', 8: 'NXRRSET', 9: 'NOTAUTH', 10: 'NOTZONE' },
};

/** One resource record as bytes. */
export function resource(of: {
  name: string;
  type: number;
  class: number;
  ttl?: number;
  data?: Buffer;
}): Buffer {
  const data = of.data ?? Buffer.alloc(0);
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(of.type, 0);
  fixed.writeUInt16BE(of.class, 2);
  fixed.writeUInt32BE(of.ttl ?? 0, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([encodeName(of.name), fixed, data]);
}

/** An UPDATE message (RFC 2136): these prerequisites, then these changes, all or nothing. */
export function updateMessage(of: {
  id: number;
  zone: string;
  prerequisites: readonly Buffer[];
  changes: readonly Buffer[];
}): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(of.id, 0);
  header.writeUInt16BE(UPDATE_FLAGS, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(of.prerequisites.length, 6);
  header.writeUInt16BE(of.changes.length, 8);
  const question = Buffer.alloc(4);
  question.writeUInt16BE(TYPES.SOA, 0);
  question.writeUInt16BE(CLASSES.IN, 2);
  return Buffer.concat([header, encodeName(of.zone), question, ...of.prerequisites, ...of.changes]);
}

/** @returns the name of a message's result code, as NXRRSET */
export function rcodeOf(message: Buffer): string {
  const code = message.readUInt16BE(2) & 0xf;
  return RCODES[code] ?? `RCODE${code}`;
}

export function isAuthoritative(message: Buffer): boolean {
  return (message.readUInt16BE(2) & 0x8400) === 0x8400;
}

/** A name without compression, in lower case as TSIG's digest wants it (RFC 8945, section 4.3.3). */
export function encodeName(name: string): Buffer {
  const labels = name
    .toLowerCase()
    .split('.')
    .filter((label) => label !== '');
  const parts = labels.map((label) => {
    const bytes = Buffer.from(label, 'latin1');
    if (bytes.length > 63) throw new Error(`${name} is no name of DNS.`);
    return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  });
  return Buffer.concat([...parts, Buffer.alloc(1)]);
}

/** The kind of record that an address is kept in. */
export type Family = 'A' | 'AAAA';

export function addressType(address: string): Family {
  return isIPv6(address) ? 'AAAA' : 'A';
}

/** Four or sixteen bytes. @throws Error when it is no address */
export function addressData(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  if (!isIPv6(address) || /[.%]/.test(address)) throw new Error(`${address} is no address.`);
  const [head = [], tail = []] = address
    .split('::')
    .map((half) => half.split(':').filter((group) => group !== ''));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  const groups = [...head, ...zeros, ...tail];
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

export function textData(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > 255) throw new Error('A text of DNS holds at most 255 bytes.');
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/** Where the last record of a message begins, and where its fixed part does; null when it has none. */
export function lastRecord(message: Buffer): { start: number; fixed: number } | null {
  const records = [6, 8, 10].reduce((sum, at) => sum + message.readUInt16BE(at), 0);
  let at = HEADER_BYTES;
  for (let n = message.readUInt16BE(4); n > 0; n -= 1) at = afterName(message, at) + 4;
  let last = null;
  for (let n = 0; n < records; n += 1) {
    const fixed = afterName(message, at);
    last = { start: at, fixed };
    at = fixed + 10 + message.readUInt16BE(fixed + 8);
  }
  return last;
}

/** The place after a name, which may end in a pointer to an earlier one. */
export function afterName(message: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const length = message.readUInt8(at);
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    at += length + 1;
  }
}

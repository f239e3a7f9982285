import { createHmac, timingSafeEqual } from 'node:crypto';
import { afterName, CLASSES, encodeName, lastRecord, resource, TYPES } from './message.js';

/** A key that a name server shares with us. */
export interface TsigKey {
  readonly name: string;
  /** As the server names it; `hmac-sha256`. */
  readonly algorithm: string;
  readonly secret: Buffer;
}

/** A message with its signature, and the signature by itself, which the answer's covers too. */
export interface Signed {
  readonly message: Buffer;
  readonly mac: Buffer;
}

/**
 * How far the clocks may be apart, and so how long a signed message that hangs in the network can
 * still take effect. RFC 8945 recommends 300 s; a failover's late message should die sooner.
 */
const FUDGE_SECONDS = 30;

/** Digests that RFC 8945, section 6, still wants, with their name in Node. */
const DIGESTS: Readonly<Record<string, string>> = {
  'hmac-sha224': 'sha224',
  'hmac-sha256': 'sha256',
  'hmac-sha384': 'sha384',
  'hmac-sha512': 'sha512',
};

const ERRORS: Readonly<Record<number, string>> = {
  ...{ 0: 'NOERROR', 16: 'BADSIG', 17: 'BADKEY', 18: 'BADTIME', 22: 'BADTRUNC' },
};

/** A comment as `named.conf` knows it, or a quoted text, which may hold what looks like one. */
const COMMENT = /"[^"]*"|\/\*[\s\S]*?\*\/|(?<=^|[\s;{}])(?:\/\/|#).*$/gm;

/** Reads BIND's key file, as `tsig-keygen` writes it. @throws Error that names no secret */
export function readKey(text: string): TsigKey {
  // A secret may hold `//`, one in a hundred does: what looks like a comment within quotes or a word is none.
  const clean = text.replaceAll(COMMENT, (found) => (found.startsWith('"') ? found : ' '));
  const name = /key\s+"?([^"\s{]+)"?\s*\{/.exec(clean)?.[1];
  const algorithm = /algorithm\s+"?([a-z0-9-]+)"?\s*;/i.exec(clean)?.[1]?.toLowerCase();
  const secret = /secret\s+"?([a-z0-9+/=]+)"?\s*;/i.exec(clean)?.[1];
  if (!name || !algorithm || !secret) {
    throw new Error('is no key of BIND: key "name" { algorithm hmac-sha256; secret "…"; };');
  }
  if (!DIGESTS[algorithm]) {
    throw new Error(`uses ${algorithm}; take one of ${Object.keys(DIGESTS).join(', ')}`);
  }
  return { name, algorithm, secret: Buffer.from(secret, 'base64') };
}

/** Signs a message (RFC 8945, section 5.1). @param now seconds since 1970, the server's clock too */
export function sign(
  message: Buffer,
  key: TsigKey,
  now: number,
  fudgeSeconds = FUDGE_SECONDS,
): Signed {
  const times = timeAndFudge(now, fudgeSeconds);
  const mac = digest(key, [message, variables(key, times, 0, Buffer.alloc(0))]);
  const sizes = Buffer.alloc(2);
  sizes.writeUInt16BE(mac.length);
  const tail = Buffer.alloc(6);
  message.copy(tail, 0, 0, 2);
  const data = Buffer.concat([encodeName(key.algorithm), times, sizes, mac, tail]);
  const record = resource({ name: key.name, type: TYPES.TSIG, class: CLASSES.ANY, data });
  const signed = Buffer.concat([message, record]);
  signed.writeUInt16BE(message.readUInt16BE(10) + 1, 10);
  return { message: signed, mac };
}

/**
 * Checks that an answer was signed with the key, for the message that was asked, just now.
 *
 * @throws Error that says why it cannot be believed: BADTIME means that the clocks differ
 */
export function verify(answer: Buffer, key: TsigKey, requestMac: Buffer, now: number): void {
  const last = lastRecord(answer);
  if (!last || answer.readUInt16BE(last.fixed) !== TYPES.TSIG) {
    throw new Error('The answer is not signed.');
  }
  const data = answer.subarray(last.fixed + 10);
  const algorithmEnd = afterName(data, 0);
  const times = data.subarray(algorithmEnd, algorithmEnd + 8);
  const macEnd = algorithmEnd + 10 + data.readUInt16BE(algorithmEnd + 8);
  const mac = data.subarray(algorithmEnd + 10, macEnd);
  const error = data.readUInt16BE(macEnd + 2);
  if (error !== 0) throw new Error(`The key was refused: ${ERRORS[error] ?? `error ${error}`}.`);
  const other = data.subarray(macEnd + 6, macEnd + 6 + data.readUInt16BE(macEnd + 4));
  if (macEnd + 6 + data.readUInt16BE(macEnd + 4) !== data.length) {
    throw new Error('The answer’s signature is malformed.');
  }
  const bare = Buffer.from(answer.subarray(0, last.start));
  bare.writeUInt16BE(answer.readUInt16BE(10) - 1, 10);
  data.copy(bare, 0, macEnd, macEnd + 2);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(requestMac.length);
  const expected = digest(key, [length, requestMac, bare, variables(key, times, error, other)]);
  if (mac.length !== expected.length || !timingSafeEqual(mac, expected)) {
    throw new Error('The answer is signed with another key.');
  }
  if (Math.abs(times.readUIntBE(0, 6) - now) > times.readUInt16BE(6)) {
    throw new Error('The answer is of another time: the clocks differ.');
  }
}

function timeAndFudge(now: number, fudge: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUIntBE(now, 0, 6);
  bytes.writeUInt16BE(fudge, 6);
  return bytes;
}

/** What is signed beside the message (RFC 8945, section 4.3.3). */
function variables(key: TsigKey, times: Buffer, error: number, other: Buffer): Buffer {
  const head = Buffer.alloc(6);
  head.writeUInt16BE(CLASSES.ANY, 0);
  const tail = Buffer.alloc(4);
  tail.writeUInt16BE(error, 0);
  tail.writeUInt16BE(other.length, 2);
  return Buffer.concat([encodeName(key.name), head, encodeName(key.algorithm), times, tail, other]);
}

function digest(key: TsigKey, parts: readonly Buffer[]): Buffer {
  const hmac = createHmac(DIGESTS[key.algorithm] ?? '', key.secret);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

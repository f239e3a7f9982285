import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { played } from '#test';
import { afterName, CLASSES, rcodeOf, TYPES } from '../wire/message.js';
import type { Family } from '../wire/message.js';
import { readKey, sign } from '../wire/tsig.js';
import type { TsigKey } from '../wire/tsig.js';
import type { Published } from './provider.js';
import { Rfc2136 } from './rfc2136.js';

const RECORD = 'app.example.test';
const TEXT = 'ofitec-failover epoch=7 site=a';
const NEXT = 'ofitec-failover epoch=8 site=b';
const KEY = 'key "failover" { algorithm hmac-sha256; secret "c2VjcmV0IG9mIHRoZSB0ZXN0IGFsb25l"; };';
const FROM: Published = { addresses: ['192.0.2.1'], text: TEXT, mark: { epoch: 7, site: 'a' }, hidden: false }; // prettier-ignore
const CHANGE = { addresses: ['192.0.2.2'], mark: { epoch: 8, site: 'b' }, ttlSeconds: 30 };
const RCODES = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5, YXDOMAIN: 6, YXRRSET: 7, NXRRSET: 8, NOTAUTH: 9 }; // prettier-ignore

/** What an update says, section by section (RFC 2136, section 2): one line for each record. */
function sectionsOf(message: Buffer): { zone: string; prerequisites: string[]; changes: string[] } {
  let at = 12;
  const nameAt = (): string => {
    const [from, to] = [at, afterName(message, at)];
    at = to;
    const labels: string[] = [];
    for (let n = from; message.readUInt8(n) > 0; n += message.readUInt8(n) + 1) {
      labels.push(message.subarray(n + 1, n + 1 + message.readUInt8(n)).toString());
    }
    return labels.join('.');
  };
  const zone = `${nameAt()} ${message.readUInt16BE(at)} ${message.readUInt16BE(at + 2)}`;
  at += 4;
  const records = (count: number): string[] =>
    Array.from({ length: count }, () => {
      const name = nameAt();
      const [type, kind, ttl, size] = [message.readUInt16BE(at), message.readUInt16BE(at + 2), message.readUInt32BE(at + 4), message.readUInt16BE(at + 8)]; // prettier-ignore
      const data = message.subarray(at + 10, at + 10 + size);
      at += 10 + size;
      const typeName = Object.entries(TYPES).find(([, number]) => number === type)?.[0];
      const className = Object.entries(CLASSES).find(([, number]) => number === kind)?.[0];
      const said = type === TYPES.A ? data.join('.') : type === TYPES.TXT ? data.subarray(1).toString() : data.toString('hex'); // prettier-ignore
      return `${name} ${ttl} ${className} ${typeName} ${said}`.trim();
    });
  expect([message.readUInt16BE(2), message.readUInt16BE(4), message.readUInt16BE(10)]).toEqual([5 << 11, 1, 1]); // prettier-ignore
  return {
    zone,
    prerequisites: records(message.readUInt16BE(6)),
    changes: records(message.readUInt16BE(8)),
  };
}

/** The update of RFC 2136 as it is on the wire; that BIND understands it so is held in test/ops. */
describe('a name server that takes updates', () => {
  let server: played.PlayedNameServer;
  const key = readKey(KEY);

  beforeEach(async () => {
    server = await played.PlayedNameServer.open();
    server.say(RECORD, '192.0.2.1', TEXT);
    answer('NOERROR');
  });

  afterEach(async () => server.close());

  const provider = (families: readonly Family[] = ['A']): Rfc2136 =>
    new Rfc2136({ server: server.at, zone: 'example.test', record: RECORD, families, key, timeoutMs: 2_000 }); // prettier-ignore

  /** Answers an update so, signed with a key for that very question; `by` null: not signed. */
  function answer(rcode: keyof typeof RCODES, by: TsigKey | null = key): void {
    server.answerUpdate = (question) => {
      const bare = Buffer.alloc(12);
      question.copy(bare, 0, 0, 2);
      bare.writeUInt16BE(0xa800 | RCODES[rcode], 2);
      if (!by) return bare;
      const asked = macOf(question);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(asked.length);
      const now = Math.floor(Date.now() / 1_000);
      const { mac } = sign(Buffer.concat([length, asked, bare]), by, now);
      const { message, mac: own } = sign(bare, by, now);
      const signed = Buffer.from(message);
      mac.copy(signed, signed.indexOf(own));
      return signed;
    };
  }

  /** The signature of a question: sixteen bytes of its record come after it, of which six are fixed. */
  function macOf(question: Buffer): Buffer {
    return question.subarray(question.length - 6 - 32, question.length - 6);
  }

  it('writes address and mark over what was read, or not at all: in one message', async () => {
    const rfc = provider();
    const from = await rfc.read();
    expect(from).toEqual(FROM);
    expect(await rfc.replace(from, CHANGE)).toBe('written');
    expect(server.updates.map(sectionsOf)).toEqual([
      {
        zone: 'example.test 6 1',
        prerequisites: [`${RECORD} 0 IN A 192.0.2.1`, `_gate.${RECORD} 0 IN TXT ${TEXT}`],
        changes: [
          `${RECORD} 0 ANY A`,
          `${RECORD} 30 IN A 192.0.2.2`,
          `_gate.${RECORD} 0 ANY TXT`,
          `_gate.${RECORD} 30 IN TXT ${NEXT}`,
        ],
      },
    ]);
  });

  it('demands that there is nothing where nothing was read', async () => {
    await provider().replace({ addresses: [], text: null, mark: null, hidden: false }, CHANGE);
    expect(server.updates.map((each) => sectionsOf(each).prerequisites)).toEqual([
      [`${RECORD} 0 NONE A`, `_gate.${RECORD} 0 NONE TXT`],
    ]);
  });

  it('demands each address that was read, and each family by itself', async () => {
    const both = { ...CHANGE, addresses: ['192.0.2.2', '2001:db8::2'] };
    await provider(['A', 'AAAA']).replace({ ...FROM, addresses: ['192.0.2.1', '192.0.2.9'] }, both);
    const six = '20010db8000000000000000000000002';
    expect(server.updates.map(sectionsOf)).toMatchObject([
      {
        prerequisites: [`${RECORD} 0 IN A 192.0.2.1`, `${RECORD} 0 IN A 192.0.2.9`, `${RECORD} 0 NONE AAAA`, `_gate.${RECORD} 0 IN TXT ${TEXT}`],
        changes: [`${RECORD} 0 ANY A`, `${RECORD} 30 IN A 192.0.2.2`, `${RECORD} 0 ANY AAAA`, `${RECORD} 30 IN AAAA ${six}`, `_gate.${RECORD} 0 ANY TXT`, `_gate.${RECORD} 30 IN TXT ${NEXT}`],
      },
    ]); // prettier-ignore
  });

  it.each(['NXRRSET', 'YXRRSET', 'NXDOMAIN', 'YXDOMAIN'] as const)('is refused for good by %s: what was read is gone', async (rcode) => {
    answer(rcode);
    expect(await provider().replace(FROM, CHANGE)).toBe('refused');
  }); // prettier-ignore

  it.each(['SERVFAIL', 'REFUSED', 'NOTAUTH'] as const)('does not know after %s', async (rcode) => {
    answer(rcode);
    await expect(provider().replace(FROM, CHANGE)).rejects.toThrow(`answers ${rcode}`);
    expect(server.updates).toHaveLength(1);
  });

  it('believes no answer that is not signed with its key, whatever it says', async () => {
    for (const rcode of ['NOERROR', 'NXRRSET'] as const) {
      answer(rcode, null);
      await expect(provider().replace(FROM, CHANGE)).rejects.toThrow('not signed');
      answer(rcode, { ...key, secret: Buffer.from('another one, as long as that') });
      await expect(provider().replace(FROM, CHANGE)).rejects.toThrow('another key');
    }
  });

  it('does not know when no answer comes', async () => {
    server.answerUpdate = null;
    const quick = new Rfc2136({ server: server.at, zone: 'example.test', record: RECORD, families: ['A'], key, timeoutMs: 200 }); // prettier-ignore
    await expect(quick.replace(FROM, CHANGE)).rejects.toThrow('did not answer within 200 ms');
  });

  it('sends nothing that is not one address of each family', async () => {
    const wrong = [[], ['2001:db8::2'], ['192.0.2.2', '192.0.2.3'], ['192.0.2.2', '2001:db8::2']];
    for (const addresses of wrong) {
      await expect(provider().replace(FROM, { ...CHANGE, addresses })).rejects.toThrow('are not one A record'); // prettier-ignore
    }
    expect(server.updates).toEqual([]);
  });

  it('reads the mark before the address, so that a name that moves in between is not mistaken', async () => {
    const { records } = server;
    const get = records.get.bind(records);
    records.get = (name) => {
      const found = get(name);
      if (name === `${RECORD} A`) server.say(RECORD, '192.0.2.2', NEXT);
      return found;
    };
    expect(await provider().read()).toMatchObject({ text: TEXT, mark: { epoch: 7 } });
    // What is made over it is refused then: the server has the next one.
    expect(get(`_gate.${RECORD} TXT`)).toEqual([NEXT]);
  });

  it('is where its updates go', () => {
    expect(provider().at).toEqual(server.at);
  });

  it('does not read from who only repeats, who fails, or where somebody else writes', async () => {
    server.isAuthoritative = false;
    await expect(provider().read()).rejects.toThrow('not authoritative');
    server.isAuthoritative = true;
    server.rcode = RCODES.SERVFAIL;
    await expect(provider().read()).rejects.toThrow('answers SERVFAIL');
    server.rcode = RCODES.NXDOMAIN;
    server.records.clear();
    expect(await provider().read()).toEqual({ addresses: [], text: null, mark: null, hidden: false }); // prettier-ignore
    server.rcode = RCODES.NOERROR;
    for (const texts of [['v=spf1'], [TEXT, NEXT]]) {
      server.records.set(`_gate.${RECORD} TXT`, texts);
      await expect(provider().read()).rejects.toThrow('written by somebody else');
    }
    expect(rcodeOf(Buffer.from('0000800f', 'hex'))).toBe('RCODE15');
  });
});

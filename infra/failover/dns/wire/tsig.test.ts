import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { addressData, CLASSES, lastRecord, rcodeOf, resource, textData, TYPES, updateMessage } from './message.js'; // prettier-ignore
import { readKey, sign, verify } from './tsig.js';

/** An update that BIND's own nsupdate signed with this key, as it was on the wire. */
const KEY = `key "failover.example." { algorithm hmac-sha256;
  secret "c2VjcmV0IG9mIHRoZSB0ZXN0IGFsb25lLCBubyBvdGhlcg=="; };`;
const TIME = 0x6b02a09f;
const WIRE = [
  '453328000001000200040001076578616d706c6504746573740000060001055f676174650361707007657861',
  '6d706c650474657374000010000100000000001f1e6f66697465632d6661696c6f7665722065706f63683d37',
  '20736974653d61c02400010001000000000004c0000201c024000100ff000000000000c02400010001000000',
  '1e0004c0000202c01e001000ff000000000000c01e001000010000001e001f1e6f66697465632d6661696c6f',
  '7665722065706f63683d3820736974653d62086661696c6f766572076578616d706c650000fa00ff00000000',
  '003d0b686d61632d7368613235360000006b02a09f012c0020ca9a0031c24cc224e4261a3a9296cebc7a8b7a',
  'cd7fad272f6154e0c648fc0be8453300000000',
].join('');

const key = readKey(KEY);
const record = Buffer.from(WIRE, 'hex');

describe('TSIG', () => {
  it('signs as BIND does, byte for byte', () => {
    const bare = Buffer.from(record.subarray(0, lastRecord(record)?.start));
    bare.writeUInt16BE(0, 10);
    expect(sign(bare, key, TIME, 300).message.toString('hex')).toBe(WIRE);
  });

  it('believes an answer that is signed for its question, and no other', () => {
    const request = sign(record, key, TIME);
    const answer = signAnswer(request.mac);
    expect(() => verify(answer, key, request.mac, TIME + 5)).not.toThrow();
    expect(() => verify(answer, key, Buffer.alloc(32), TIME)).toThrow('another key');
    expect(() => verify(answer, key, request.mac, TIME + 31)).toThrow('clocks');
    expect(() => verify(answer, key, request.mac, TIME - 31)).toThrow('clocks');
    const other = { ...key, secret: Buffer.from('other') };
    expect(() => verify(answer, other, request.mac, TIME)).toThrow('another key');
    expect(() => verify(answer.subarray(0, 12), key, request.mac, TIME)).toThrow();
    fc.assert(
      fc.property(fc.nat(answer.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const forged = Buffer.from(answer);
        forged.writeUInt8(forged.readUInt8(at) ^ flip, at);
        // The number is compared where the answer is read; the signature covers the original one.
        const isSigned = (at >= 2 && at < 12) || at >= answer.length - 48;
        if (isSigned) expect(() => verify(forged, key, request.mac, TIME)).toThrow();
      }),
    );
  });

  /** What a server would answer: its digest begins with the request's. */
  function signAnswer(requestMac: Buffer): Buffer {
    const bare = Buffer.alloc(12);
    bare.writeUInt16BE(0x4533, 0);
    bare.writeUInt16BE(0xa808, 2);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(requestMac.length);
    const { mac } = sign(Buffer.concat([length, requestMac, bare]), key, TIME);
    const own = sign(bare, key, TIME);
    const signed = Buffer.from(own.message);
    mac.copy(signed, signed.indexOf(own.mac));
    return signed;
  }

  it('reads key files and names no secret when it cannot', () => {
    expect(key).toMatchObject({ name: 'failover.example.', algorithm: 'hmac-sha256' });
    expect(() => readKey('key x { algorithm hmac-md5; secret "aGlkZGVu"; };')).toThrow(
      /^uses hmac-md5; take one of hmac-sha224/,
    );
    expect(() => readKey('secret "aGlkZGVu";')).toThrow(/^is no key of BIND/);
  });

  it.each(['"ab//cd=="', '"//abcd="', '"a//b//c="', 'ab//cd=='])(
    'reads a secret that holds what looks like a comment: %s',
    (word) => {
      const text = `# key "old" { };\n/* secret "b2xk"; */ key "k" { // secret "b2xk";\n algorithm hmac-sha256; secret ${word}; };\n`;
      const bare = word.replaceAll('"', '');
      expect(readKey(text).secret).toEqual(Buffer.from(bare, 'base64'));
    },
  );

  it('says of a file without a key that it has none', () => {
    expect(() => readKey('// key "k" { algorithm hmac-sha256; secret "aGlkZGVu"; };')).toThrow(/^is no key of BIND/); // prettier-ignore
  });
});

describe('messages', () => {
  it('are as nsupdate writes them, but for its compressed names', () => {
    const name = 'app.example.test';
    const bytes = updateMessage({
      id: 1,
      zone: 'example.test',
      prerequisites: [resource({ name, type: TYPES.A, class: CLASSES.NONE })],
      changes: [
        resource({ name, type: TYPES.A, class: CLASSES.IN, ttl: 30, data: addressData('192.0.2.2') }), // prettier-ignore
      ],
    });
    expect(bytes.toString('hex')).toBe(
      '000128000001000100010000' +
        '076578616d706c6504746573740000060001' +
        '03617070076578616d706c650474657374000001' +
        '00fe000000000000' +
        '03617070076578616d706c6504746573740000010001' +
        '0000001e0004c0000202',
    );
    expect(rcodeOf(Buffer.from('00008408', 'hex'))).toBe('NXRRSET');
  });

  it('hold addresses of both families, and texts that fit', () => {
    expect(addressData('2001:db8::1').toString('hex')).toBe('20010db8000000000000000000000001');
    expect(addressData('::').toString('hex')).toBe('0'.repeat(32));
    expect(() => addressData('nowhere')).toThrow('no address');
    expect(() => addressData('::ffff:1.2.3.4')).toThrow('no address');
    expect(() => textData('x'.repeat(256))).toThrow('255');
  });
});

import { describe, expect, it } from '@jest/globals';
import { kernel } from '#test';

const { Cipher, Config, kernelConfig } = kernel;

const cipherWith = (env: Record<string, string>): InstanceType<typeof Cipher> =>
  new Cipher(Config.read([kernelConfig], env).config);

const A = 'one key of a test and long enough to be taken for a key';
const B = 'another key of a test and long enough to be taken for one';
const RECORD = '00000000-0000-7000-8000-000000000001';

describe('sealing', () => {
  it('opens what it sealed, and never seals twice alike', () => {
    const cipher = cipherWith({ SECRET_KEY: A });
    const sealed = cipher.seal('test.secret', RECORD, 'ñandú');
    expect(cipher.open('test.secret', RECORD, sealed)).toBe('ñandú');
    expect(sealed).not.toContain('ñandú');
    expect(cipher.seal('test.secret', RECORD, 'ñandú')).not.toBe(sealed);
    expect(cipherWith({ SECRET_KEY: A }).open('test.secret', RECORD, sealed)).toBe('ñandú');
  });

  it('opens nothing that was moved, changed, cut off or made for another purpose', () => {
    const cipher = cipherWith({ SECRET_KEY: A });
    const sealed = cipher.seal('test.secret', RECORD, 'ñandú');
    const other = RECORD.replace('1', '2');
    expect(() => cipher.open('test.secret', other, sealed)).toThrow();
    expect(() => cipher.open('test.other', RECORD, sealed)).toThrow();
    const [form = '', name = '', packed = ''] = sealed.split('.');
    const bytes = Buffer.from(packed, 'base64url');
    for (let n = 0; n < bytes.length; n += 1) {
      const bent = Buffer.from(bytes);
      bent.writeUInt8(bent.readUInt8(n) ^ 1, n);
      const text = [form, name, bent.toString('base64url')].join('.');
      expect(() => cipher.open('test.secret', RECORD, text)).toThrow();
      const cut = [form, name, bytes.subarray(0, n).toString('base64url')].join('.');
      expect(() => cipher.open('test.secret', RECORD, cut)).toThrow();
    }
    for (const nonsense of ['', '.', '1', `2.${name}.${packed}`, `1..${packed}`]) {
      expect(() => cipher.open('test.secret', RECORD, nonsense)).toThrow(/SECRET_KEY/);
    }
  });

  it('opens with an earlier key, and says that it is one', () => {
    const sealed = cipherWith({ SECRET_KEY: A }).seal('test.secret', RECORD, 'texto');
    const both = cipherWith({ SECRET_KEY: B, SECRET_KEY_FALLBACKS: ` ${A},` });
    expect(both.open('test.secret', RECORD, sealed)).toBe('texto');
    expect(both.isOutdated(sealed)).toBe(true);
    expect(both.isOutdated(both.seal('test.secret', RECORD, 'texto'))).toBe(false);
    expect(() => cipherWith({ SECRET_KEY: B }).open('test.secret', RECORD, sealed)).toThrow(
      /SECRET_KEY/,
    );
  });

  it('says that the key is missing, and seals nothing', () => {
    expect(() => cipherWith({}).seal('test.secret', RECORD, 'texto')).toThrow(
      'SECRET_KEY is missing',
    );
  });
});

import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Problem } from '../http/problem.js';
import { SecretKeyMissing } from '../http/problems.js';
import { Config } from './config.js';
import { kernelConfig } from './kernel.config.js';

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** Counts up when the form of a sealed text changes. */
const FORM = '1';

/**
 * Seals what must be read again but not from a stolen database (AES-256-GCM). Each purpose has a key
 * of its own, derived from `SECRET_KEY` (HKDF-SHA-256, RFC 5869), and each text is bound to the
 * record it belongs to: moved to another one, it does not open.
 */
@Injectable()
export class Cipher {
  /** The present key first, then those that came before it. */
  private readonly secrets: readonly string[];

  constructor(config: Config) {
    const { SECRET_KEY, SECRET_KEY_FALLBACKS = '' } = config.of(kernelConfig);
    const earlier = SECRET_KEY_FALLBACKS.split(',').map((key) => key.trim());
    this.secrets = [SECRET_KEY ?? '', ...earlier].filter((key) => key !== '');
  }

  /**
   * @param purpose a constant name, `<addon>.<what>`
   * @param record the id of the record that keeps the sealed text
   * @throws Problem SecretKeyMissing, outside of production, where no `SECRET_KEY` is demanded
   */
  seal(purpose: string, record: string, text: string): string {
    const [secret] = this.secrets;
    if (secret === undefined) throw new Problem(SecretKeyMissing);
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, keyOf(secret, purpose), iv);
    cipher.setAAD(boundTo(purpose, record));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    const packed = Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
    return `${FORM}.${nameOf(secret)}.${packed}`;
  }

  /** @throws Error when the key is not at hand, or the text was changed or moved */
  open(purpose: string, record: string, sealed: string): string {
    const [form, name, packed = ''] = sealed.split('.');
    const secret = this.secrets.find((each) => nameOf(each) === name);
    if (form !== FORM || secret === undefined) {
      throw new Error(`A sealed text needs the SECRET_KEY ${name}; see SECRET_KEY_FALLBACKS.`);
    }
    const bytes = Buffer.from(packed, 'base64url');
    const iv = bytes.subarray(0, IV_BYTES);
    const key = keyOf(secret, purpose);
    const decipher = createDecipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(boundTo(purpose, record));
    decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    const rest = bytes.subarray(IV_BYTES + TAG_BYTES);
    return Buffer.concat([decipher.update(rest), decipher.final()]).toString('utf8');
  }

  /** Whether an earlier key sealed it: seal it again when there is an occasion. */
  isOutdated(sealed: string): boolean {
    const [secret] = this.secrets;
    return secret !== undefined && sealed.split('.')[1] !== nameOf(secret);
  }
}

function keyOf(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `ofitec ${purpose}`, 32));
}

/** Tells keys apart without telling of them. */
function nameOf(secret: string): string {
  return keyOf(secret, 'name of the key').subarray(0, 4).toString('hex');
}

function boundTo(purpose: string, record: string): Buffer {
  return Buffer.from(`${purpose} ${record}`);
}

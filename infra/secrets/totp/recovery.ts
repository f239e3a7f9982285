import { createHash, randomInt } from 'node:crypto';
import type { Kv } from '../vault/kv.js';
import { isTrouble } from '../vault/vault-fault.js';

const COUNT = 8;
/** Crockford's digits, of which none is taken for another; twenty of them are 100 bits. */
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';
const SHAPE = /^([0-9a-hjkmnp-tv-z]{5}-){3}[0-9a-hjkmnp-tv-z]{5}$/;
/** Attempts to be the one that writes, when several codes of a name are spent at once. */
const TRIES = 5;

/** Codes on paper for who has lost the phone, each good once. Vault has their hashes only. */
export class RecoveryCodes {
  constructor(private readonly kv: Kv) {}

  /** Makes new ones; earlier ones are good for nothing. They are told here and never again. */
  async make(name: string): Promise<string[]> {
    const codes = Array.from({ length: COUNT }, newCode);
    await this.keep(
      name,
      codes.map((code) => hashOf(name, code)),
    );
    return codes;
  }

  async remove(name: string): Promise<void> {
    if (await this.kv.read(pathOf(name))) await this.keep(name, []);
  }

  /** Whether a text has the form of such a code. */
  static is(text: string): boolean {
    return SHAPE.test(text);
  }

  /**
   * Takes a code out, by check-and-set: of two who give the same one at once, one is first.
   *
   * @returns whether it was one
   */
  async spend(name: string, code: string): Promise<boolean> {
    if (!RecoveryCodes.is(code)) return false;
    const hash = hashOf(name, code);
    for (let tries = 1; ; tries += 1) {
      const found = await this.kv.read(pathOf(name));
      const hashes = hashesOf(found?.data);
      if (!found || !hashes.includes(hash)) return false;
      const rest = { hashes: hashes.filter((each) => each !== hash), spent: spender() };
      try {
        await this.kv.write(pathOf(name), rest, found.version);
        return true;
      } catch (error) {
        if (!isTrouble(error, 'conflict') || tries >= TRIES) throw error;
      }
    }
  }

  private async keep(name: string, hashes: readonly string[]): Promise<void> {
    const known = await this.kv.read(pathOf(name));
    await this.kv.write(pathOf(name), { hashes }, known?.version ?? 0);
  }
}

/** Makes what two write differ: a write is believed to be ours when it is the same. */
function spender(): string {
  return newCode();
}

function newCode(): string {
  const digits = Array.from({ length: 20 }, () => DIGITS[randomInt(DIGITS.length)]).join('');
  return digits.replace(/.{5}(?=.)/g, '$&-');
}

/** A code has 100 bits: nobody finds it from its hash by trying, so that a plain one will do. */
function hashOf(name: string, code: string): string {
  return createHash('sha256').update(`ofitec recovery ${name} ${code}`).digest('hex');
}

function hashesOf(data: Readonly<Record<string, unknown>> | undefined): string[] {
  const hashes = data?.['hashes'];
  return Array.isArray(hashes) ? hashes.map(String) : [];
}

function pathOf(name: string): string {
  return `kv/data/ofitec-totp/${name}`;
}

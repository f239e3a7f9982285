import { Kv } from '../vault/kv.js';
import type { Vault } from '../vault/vault.js';
import { isTrouble, VaultFault } from '../vault/vault-fault.js';
import { RecoveryCodes } from './recovery.js';

const ISSUER = 'OFITEC';

/** A person's name as a path of Vault and an authenticator app show it. */
function demandName(name: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,39}$/.test(name)) return name;
  throw new Error('A name is lower-case letters, digits and dashes, up to 40.');
}

/** What a person is given once. */
interface Enrolment {
  /** The address that an app takes. */
  readonly url: string;
  readonly recoveryCodes: readonly string[];
}

/**
 * The keys of authenticator apps (TOTP, RFC 6238) for dashboards that know nothing of OFITEC's users.
 * Vault keeps them and judges codes; each code is good once.
 */
export class TotpKeys {
  private readonly recovery: RecoveryCodes;

  constructor(private readonly vault: Vault) {
    this.recovery = new RecoveryCodes(new Kv(vault));
  }

  /** Makes a key and recovery codes, in the place of earlier ones. */
  async make(name: string): Promise<Enrolment> {
    const path = `totp/keys/${demandName(name)}`;
    const body = { generate: true, issuer: ISSUER, account_name: name, skew: 1, exported: true };
    const { data } = await this.vault.call(path, { body });
    if (typeof data['url'] !== 'string') throw new VaultFault('broken', 'Vault made no key.');
    return { url: data['url'], recoveryCodes: await this.recovery.make(name) };
  }

  /**
   * Makes another key for who has lost the phone and has a recovery code, which is spent by that.
   *
   * @throws Error when the code is none
   */
  async recover(name: string, code: string): Promise<Enrolment> {
    if (await this.recovery.spend(demandName(name), code)) return this.make(name);
    throw new Error('The recovery code is wrong, or was used before.');
  }

  /** Takes a person's app and recovery codes away. */
  async remove(name: string): Promise<void> {
    await this.recovery.remove(demandName(name));
    try {
      await this.vault.call(`totp/keys/${demandName(name)}`, {
        method: 'DELETE',
        repeatable: true,
      });
    } catch (error) {
      if (!isTrouble(error, 'absent')) throw error;
    }
  }

  async list(): Promise<string[]> {
    const answer = await this.vault.find('totp/keys?list=true');
    const keys = answer?.data['keys'];
    return Array.isArray(keys) ? keys.map(String).sort() : [];
  }

  /** Whether a code, of the app or for recovery, is right and was not used before. @throws VaultFault when Vault cannot judge */
  async judge(name: string, code: string): Promise<boolean> {
    if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(name)) return false;
    if (RecoveryCodes.is(code)) return this.recovery.spend(name, code);
    if (!/^\d{6}$/.test(code)) return false;
    try {
      // Not repeated: a code that was taken and not answered is used up.
      const { data } = await this.vault.call(`totp/code/${name}`, { body: { code } });
      return data['valid'] === true;
    } catch (error) {
      // A name that nobody has, and a code that was used before.
      if (isTrouble(error, 'refused', 'absent')) return false;
      if (error instanceof VaultFault && /already used|unknown key/.test(error.message))
        return false;
      throw error;
    }
  }
}

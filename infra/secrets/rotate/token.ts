import { readSecretFile, writeSecretFile } from '../render/secret-file.js';
import { signIn } from '../vault/sign-in.js';
import type { Vault } from '../vault/vault.js';
import { VaultFault } from '../vault/vault-fault.js';
import type { Journal } from './journal.js';
import type { Rotation, Step } from './rotation.js';
import type { TokenRotation } from './rotations.config.js';

/**
 * The secret id with which this host signs in. The new one is in its file and was tried before the old
 * one is destroyed, and with it all that still could be made of it.
 */
export class TokenTurn implements Rotation {
  readonly secret = 'token';
  readonly promotes = 'STORED';

  constructor(
    private readonly config: TokenRotation,
    private readonly vault: Vault,
  ) {}

  get steps(): readonly Step[] {
    return [
      {
        state: 'STORED',
        summary: 'the host has a new secret id',
        act: (journal) => this.store(journal),
      },
      { state: 'TESTED', summary: 'it signs in', act: () => this.test() },
      {
        state: 'REVOKED',
        summary: 'the old one is refused',
        act: (journal) => this.revoke(journal),
      },
    ];
  }

  async look(): Promise<{ from: string; to: string }> {
    return { from: await this.accessorOf(this.stored()), to: 'a new secret id' };
  }

  /** What was made and not stored is nobody's. What was stored is in use, although the journal may not say so yet. */
  async undo({ id, from }: Journal): Promise<void> {
    if ((await this.accessorOf(this.stored())) !== from) {
      throw new Error('It was promoted: go on with --resume.');
    }
    await this.destroy(({ accessor, rotation }) => rotation === id && accessor !== from);
  }

  private get path(): string {
    return `auth/${this.config.mount}/role/${this.config.role}`;
  }

  /** Made and not stored, it would be nobody's: what this rotation left so is destroyed in the end. */
  private async store({ id, from }: Journal): Promise<Record<string, string>> {
    const known = await this.accessorOf(this.stored());
    if (known !== from) return { accessor: known };
    const body = { metadata: JSON.stringify({ rotation: id }) };
    const { data } = await this.vault.call(`${this.path}/secret-id`, { body, repeatable: true });
    const { secret_id: secretId, secret_id_accessor: accessor } = data;
    if (typeof secretId !== 'string' || typeof accessor !== 'string') {
      throw new VaultFault('broken', 'Vault gave no secret id.');
    }
    writeSecretFile(this.config.file, secretId);
    return { accessor };
  }

  private async test(): Promise<void> {
    const { mount, roleId } = this.config;
    const proof = { kind: 'approle', mount, roleId, secretId: this.stored() } as const;
    await (await signIn(this.vault.withToken(null), proof)).leave();
  }

  private async revoke({ id, from, notes }: Journal): Promise<void> {
    await this.destroy(({ accessor, rotation }) => {
      const isOld = accessor === from || rotation === id;
      return isOld && accessor !== notes['accessor'];
    });
  }

  private async destroy(isOver: (facts: SecretIdFacts) => boolean): Promise<void> {
    for (const facts of await secretIdsOf(this.vault, this.path)) {
      if (!isOver(facts)) continue;
      const { accessor } = facts;
      const body = { secret_id_accessor: accessor };
      await this.vault.call(`${this.path}/secret-id-accessor/destroy`, { body, repeatable: true });
    }
  }

  private async accessorOf(secretId: string): Promise<string> {
    const body = { secret_id: secretId };
    const { data } = await this.vault.call(`${this.path}/secret-id/lookup`, {
      body,
      repeatable: true,
    });
    const accessor = data['secret_id_accessor'];
    return typeof accessor === 'string' ? accessor : 'unknown';
  }

  private stored(): string {
    const content = readSecretFile(this.config.file);
    if (content) return content.toString('utf8').trim();
    throw new Error(
      `${this.config.file} is not there, we may not read it, or others may (chmod 600).`,
    );
  }
}

/** A secret id as its accessor tells of it. */
export interface SecretIdFacts {
  readonly accessor: string;
  /** The rotation that made it, if one did. */
  readonly rotation: string | null;
  /** Seconds that it has left, by Vault's clock; null for ever. */
  readonly secondsLeft: number | null;
}

/** More than the hosts of any installation have. */
const MOST_SECRET_IDS = 500;

/** The secret ids of a role. @param path as `auth/approle/role/ofitec-reader` */
export async function secretIdsOf(vault: Vault, path: string): Promise<SecretIdFacts[]> {
  const list = await vault.find(`${path}/secret-id?list=true`);
  const keys = list?.data['keys'];
  const accessors = Array.isArray(keys) ? keys.map(String).slice(0, MOST_SECRET_IDS) : [];
  const facts: SecretIdFacts[] = [];
  for (const accessor of accessors) {
    const request = { body: { secret_id_accessor: accessor }, repeatable: true };
    const found = await vault.find(`${path}/secret-id-accessor/lookup`, request);
    if (!found) continue;
    const { metadata, expiration_time: expires } = found.data;
    const rotation = (metadata as { rotation?: unknown } | null)?.rotation;
    const endsAt = new Date(typeof expires === 'string' ? expires : '');
    const at = (found.at ?? new Date()).getTime();
    facts.push({
      accessor,
      rotation: typeof rotation === 'string' ? rotation : null,
      // The year 1 is how Vault writes never.
      secondsLeft: endsAt.getUTCFullYear() > 1_970 ? (endsAt.getTime() - at) / 1_000 : null,
    });
  }
  return facts;
}

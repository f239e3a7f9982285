import { isDeepStrictEqual } from 'node:util';
import type { Kv } from '../vault/kv.js';
import type { SecretName } from './journal.js';

/**
 * The new value of a rotation that is under way, where hosts may not read it. It is made once for a
 * rotation: whoever goes on with it finds the same.
 */
export class Pending {
  private readonly path: string;

  constructor(
    private readonly kv: Kv,
    secret: SecretName,
  ) {
    this.path = `kv/data/ofitec-pending/${secret}`;
  }

  async ensure(rotation: string, make: () => string): Promise<void> {
    const found = await this.kv.read(this.path);
    if (found?.data['rotation'] === rotation) return;
    await this.kv.write(this.path, { rotation, value: make() }, found?.version ?? 0);
  }

  /** @throws Error when the rotation has none */
  async of(rotation: string): Promise<string> {
    const found = await this.kv.read(this.path);
    const value = found?.data['value'];
    if (found?.data['rotation'] === rotation && typeof value === 'string') return value;
    throw new Error(
      `${this.path} holds nothing of rotation ${rotation}, as after one that is taken back: --abort.`,
    );
  }

  /** Leaves nothing in the newest version. */
  async clear(rotation: string): Promise<void> {
    const found = await this.kv.read(this.path);
    const empty = { rotation, value: null };
    if (!found || isDeepStrictEqual(found.data, empty)) return;
    if (found.data['rotation'] === rotation) await this.kv.write(this.path, empty, found.version);
  }
}

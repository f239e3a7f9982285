import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Vault } from './vault.js';
import { isTrouble, VaultFault } from './vault-fault.js';

/** A version of a document in KV v2. */
export interface Document {
  readonly data: Readonly<Record<string, unknown>>;
  readonly version: number;
  readonly createdAt: Date;
  /** When it was read, by Vault's clock: what ages are reckoned with. */
  readonly readAt: Date;
}

/** How often a write whose outcome was unknown is looked after and tried again. */
const TRIES = 3;
/** A standby lags behind the active server by less. */
const [LOOKS, LOOK_MS] = [10, 100];

/** Documents of a KV v2 secrets engine. A path is `<mount>/data/<path>`, as policies name it. */
export class Kv {
  constructor(private readonly vault: Vault) {}

  /** The newest version, or one of the earlier ones; null where none is, or it was deleted. */
  async read(path: string, version?: number): Promise<Document | null> {
    demandDataPath(path);
    const asked = version === undefined ? path : `${path}?version=${version}`;
    const answer = await this.vault.find(asked);
    const { data, metadata } = answer?.data ?? {};
    if (!answer || !isRecord(data) || !isRecord(metadata)) return null;
    const createdAt = new Date(String(metadata['created_time']));
    const readAt = answer.at ?? new Date();
    return { data, version: Number(metadata['version']), createdAt, readAt };
  }

  /** @throws VaultFault `absent` */
  async get(path: string): Promise<Document> {
    const found = await this.read(path);
    if (found) return found;
    throw new VaultFault('absent', `${path}: there is no secret, or it was deleted.`);
  }

  /**
   * Writes a version if the newest one is still `over` (0: there never was one). A write that was not
   * answered is looked for before it is tried again, so that it happens once.
   *
   * @returns the version written
   * @throws VaultFault `conflict` when somebody else wrote
   */
  async write(
    path: string,
    data: Readonly<Record<string, unknown>>,
    over: number,
  ): Promise<number> {
    demandDataPath(path);
    for (let tries = 1; ; tries += 1) {
      try {
        const answer = await this.vault.call(path, { body: { options: { cas: over }, data } });
        return Number(answer.data['version']);
      } catch (error) {
        const unknown = error instanceof VaultFault && error.outcomeUnknown;
        const isConflict = isTrouble(error, 'conflict');
        // After a repetition a conflict may be with ourselves.
        if (!unknown && !isConflict) throw error;
        const found = await this.readAfter(path, isConflict ? over : -1);
        if (found?.version === over + 1 && isSame(found.data, data)) return over + 1;
        if (!unknown || tries >= TRIES || (found?.version ?? 0) > over) throw error;
      }
    }
  }

  /** The newest version, once it is later than one: whoever refused us knows of a later one. */
  private async readAfter(path: string, version: number): Promise<Document | null> {
    for (let looks = 1; ; looks += 1) {
      const found = await this.read(path);
      if ((found?.version ?? 0) > version || looks >= LOOKS) return found;
      await sleep(LOOK_MS);
    }
  }

  /** The version to write over: that of the newest one, deleted or not; 0 where none was. */
  async versionOf(path: string): Promise<number> {
    const answer = await this.vault.find(path.replace('/data/', '/metadata/'));
    return Number(answer?.data['current_version'] ?? 0);
  }

  /** The names of a document's keys, without reading a value; null where there is none. */
  async keysOf(path: string): Promise<string[] | null> {
    demandDataPath(path);
    const answer = await this.vault.find(path.replace('/data/', '/subkeys/'));
    const { subkeys } = answer?.data ?? {};
    return isRecord(subkeys) ? Object.keys(subkeys).sort() : null;
  }
}

function demandDataPath(path: string): void {
  if (/^[\w-]+\/data\/[\w-]+(\/[\w-]+)*$/.test(path)) return;
  throw new VaultFault('refused', `${path} is no path as kv/data/ofitec/prod.`);
}

function isSame(found: object, sent: object): boolean {
  return isDeepStrictEqual(found, JSON.parse(JSON.stringify(sent)));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

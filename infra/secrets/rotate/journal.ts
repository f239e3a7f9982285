import type { Kv } from '../vault/kv.js';

/** What is rotated. */
export type SecretName = 'db' | 'session-key' | 'restic' | 'token';
export const SECRETS: readonly SecretName[] = ['db', 'session-key', 'restic', 'token'];

/** How far a rotation is. It holds names and versions, never a value. */
export interface Journal {
  readonly id: string;
  readonly secret: SecretName;
  /** The last step that was done; `BEGUN` before the first. */
  readonly state: string;
  readonly from: string;
  readonly to: string;
  readonly by: string;
  /** Instants as RFC 3339 writes them, by the rotator's clock: for people. */
  readonly startedAt: string;
  readonly at: string;
  /** What steps note for later ones: versions, accessors, ids of keys. */
  readonly notes: Readonly<Record<string, string>>;
}

/** A journal as it is in KV. */
export interface Kept {
  readonly journal: Journal;
  readonly version: number;
  /** Seconds since it was written, by Vault's clock. */
  readonly ageSeconds: number;
}

/** Ends of a rotation: after them the next one may begin. */
const ENDS = ['LOGGED', 'ABORTED'];

export function isOver({ state }: Journal): boolean {
  return ENDS.includes(state);
}

/** The journals of rotations in KV, each written by check-and-set: two rotators never both go on. */
export class Journals {
  constructor(private readonly kv: Kv) {}

  async read(secret: SecretName): Promise<Kept | null> {
    const found = await this.kv.read(pathOf(secret));
    if (!found) return null;
    const ageSeconds = Math.max(0, (found.readAt.getTime() - found.createdAt.getTime()) / 1_000);
    return { journal: found.data as unknown as Journal, version: found.version, ageSeconds };
  }

  /** Writes over a version. @throws VaultFault `conflict` when another rotator wrote */
  async write(journal: Journal, over: number): Promise<Kept> {
    const at = new Date().toISOString();
    const next = { ...journal, at };
    const version = await this.kv.write(pathOf(journal.secret), { ...next }, over);
    return { journal: next, version, ageSeconds: 0 };
  }

  /** @returns whether another rotator has written over it; false when that cannot be asked */
  async isOvertaken({ journal, version }: Kept): Promise<boolean> {
    const found = await this.read(journal.secret).catch(() => null);
    return found !== null && found.version !== version;
  }

  /** The version to begin a new journal over. */
  async over(secret: SecretName): Promise<number> {
    return (await this.kv.read(pathOf(secret)))?.version ?? 0;
  }
}

function pathOf(secret: SecretName): string {
  return `kv/data/ofitec-rotation/${secret}`;
}

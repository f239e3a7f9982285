import { Vault } from './vault.js';
import type { VaultAnswer, VaultRequest } from './vault.js';
import { VaultFault } from './vault-fault.js';

interface Version {
  readonly data: Readonly<Record<string, unknown>>;
  readonly at: Date;
}

/** Plays KV of a Vault in memory, with a clock of its own: for tests of what is written where. */
export class PlayedVault extends Vault {
  /** Vault's clock. */
  now = new Date('2026-01-05T12:00:00Z');
  readonly documents = new Map<string, Version[]>();
  /** Requests that changed something. */
  readonly changes: string[] = [];
  /** Called before a request is done, and again before its answer is given; what it throws is met. */
  watch: (path: string, request: VaultRequest, when: 'before' | 'after') => void | Promise<void> =
    () => undefined;
  /** What other paths than those of KV answer. */
  others: (path: string, request: VaultRequest) => Readonly<Record<string, unknown>> | undefined =
    () => undefined;

  constructor() {
    super({ urls: [], timeoutMs: 0, patienceMs: 0 });
  }

  override async call(path: string, request: VaultRequest = {}): Promise<VaultAnswer> {
    await this.watch(path, request, 'before');
    const answer = this.answerTo(path, request);
    await this.watch(path, request, 'after');
    return answer;
  }

  override withToken(): Vault {
    return this;
  }

  /** The newest data at a path. */
  at(path: string): Readonly<Record<string, unknown>> {
    return this.documents.get(path)?.at(-1)?.data ?? {};
  }

  /** Writes past everybody. */
  put(path: string, data: Readonly<Record<string, unknown>>): void {
    const copy = JSON.parse(JSON.stringify(data)) as Version['data'];
    const known = this.documents.get(path) ?? [];
    this.documents.set(path, [...known, { data: copy, at: this.now }]);
  }

  private answerTo(path: string, request: VaultRequest): VaultAnswer {
    const told = this.others(path, request);
    if (told) {
      if (request.body) this.changes.push(path);
      return this.answer(told);
    }
    const [place = '', asked] = path.split('?version=');
    if (!place.startsWith('kv/data/')) throw new VaultFault('absent', `${path}: there is nothing.`);
    const versions = this.documents.get(place) ?? [];
    if (request.body) {
      const { options, data } = request.body as { options: { cas: number }; data: object };
      if (options.cas !== versions.length) throw new VaultFault('conflict', `${place}: conflict`);
      this.put(place, data as Version['data']);
      this.changes.push(place);
      return this.answer({ version: versions.length + 1 });
    }
    const version = asked === undefined ? versions.length : Number(asked);
    const found = versions[version - 1];
    if (!found) throw new VaultFault('absent', `${path}: there is nothing.`);
    const metadata = { version, created_time: found.at.toISOString() };
    return this.answer({ data: found.data, metadata });
  }

  private answer(data: Readonly<Record<string, unknown>>): VaultAnswer {
    return { data, auth: null, wrap: null, lease: null, at: this.now };
  }
}

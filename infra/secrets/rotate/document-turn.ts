import { isDeepStrictEqual } from 'node:util';
import type { Document, Kv } from '../vault/kv.js';
import type { Journal, SecretName } from './journal.js';
import { Pending } from './pending.js';
import type { Rotation, Step } from './rotation.js';

/** Where a rotation finds what it changes. */
export interface Ground {
  readonly kv: Kv;
  /** The document that hosts render. */
  readonly path: string;
  /** Renders it on this host, if anything is rendered here. */
  renderHere(): Promise<void>;
  /** Tells a person of what takes long. */
  readonly report: (line: string) => void;
}

/**
 * The rotation of a value in the document that hosts render: the new one is made once and waits where
 * they may not read it, is tried, is promoted by check-and-set, and the old one ends.
 */
export abstract class DocumentTurn implements Rotation {
  abstract readonly secret: SecretName;
  readonly promotes = 'PROMOTED';
  /** What is done with the new value before hosts get it, and with the old one afterwards. */
  protected abstract readonly before: readonly Step[];
  protected abstract readonly after: readonly Step[];

  constructor(
    protected readonly ground: Ground,
    /** Key of the document. */
    protected readonly key: string,
  ) {}

  get steps(): readonly Step[] {
    return [
      step('GENERATED', 'a new value waits in Vault', ({ id }) =>
        this.pending.ensure(id, () => this.make()),
      ),
      ...this.before,
      step('PROMOTED', 'hosts render the new value from now on', (journal) =>
        this.promote(journal),
      ),
      step('RENDERED', 'this host has rendered it', () => this.ground.renderHere()),
      ...this.after,
      step('REVOKED', 'nothing of it waits in Vault', ({ id }) => this.pending.clear(id)),
    ];
  }

  abstract look(): Promise<{ from: string; to: string }>;

  async undo(journal: Journal): Promise<void> {
    const next = await this.pending.of(journal.id).catch(() => null);
    if (await this.isPromoted(journal, next)) {
      throw new Error('It was promoted: go on with --resume.');
    }
    await this.takeBack(journal, next);
    await this.pending.clear(journal.id);
  }

  protected abstract make(): string;
  /** The document as hosts are to have it; the same when they have it already. */
  protected abstract promoted(document: Document, next: string, journal: Journal): object;
  protected abstract takeBack(journal: Journal, next: string | null): Promise<void>;

  protected get pending(): Pending {
    return new Pending(this.ground.kv, this.secret);
  }

  protected async document(): Promise<Document> {
    return this.ground.kv.get(this.ground.path);
  }

  /** What hosts have now. */
  protected async value(): Promise<string> {
    return this.valueOf(await this.document());
  }

  protected valueOf({ data }: Document): string {
    const value = data[this.key];
    if (typeof value === 'string' && value !== '') return value;
    throw new Error(`${this.ground.path} has no ${this.key}.`);
  }

  /** Whether hosts have the new value, although the journal may not say so yet. */
  protected async isPromoted(_: Journal, next: string | null): Promise<boolean> {
    return next !== null && (await this.value()) === next;
  }

  private async promote(journal: Journal): Promise<Record<string, string>> {
    const document = await this.document();
    const next = await this.pending.of(journal.id);
    const data = { ...document.data, ...this.promoted(document, next, journal) };
    if (isDeepStrictEqual(data, document.data)) return { version: `${document.version}` };
    const { kv, path } = this.ground;
    return { version: `${await kv.write(path, data, document.version)}` };
  }
}

export function step(state: string, summary: string, act: Step['act']): Step {
  return { state, summary, act };
}

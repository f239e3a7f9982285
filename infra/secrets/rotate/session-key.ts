import { createHash } from 'node:crypto';
import type { Document } from '../vault/kv.js';
import { DocumentTurn, step } from './document-turn.js';
import type { Ground } from './document-turn.js';
import type { Journal } from './journal.js';
import type { SessionKeyRotation } from './rotations.config.js';
import { waitFor } from './patience.js';
import { newPassword } from './scram.js';

const [KEY, FALLBACKS] = ['SECRET_KEY', 'SECRET_KEY_FALLBACKS'];
/** Earlier keys that are kept: what they sealed can be opened for as long. */
const MOST_FALLBACKS = 24;

/**
 * The key with which the house seals. Every process learns the new one before any seals with it, and
 * keeps the old ones: a text sealed by one process is never closed to another.
 */
export class SessionKeyTurn extends DocumentTurn {
  readonly secret = 'session-key';
  protected readonly before = [
    step('ANNOUNCED', 'processes that start now can open what it seals', (journal) =>
      this.announce(journal),
    ),
    step('KNOWN', 'every process had the time to start anew', () => this.wait()),
  ];
  protected readonly after = [];

  constructor(
    private readonly config: SessionKeyRotation,
    ground: Ground,
  ) {
    super(ground, KEY);
  }

  async look(): Promise<{ from: string; to: string }> {
    const document = await this.document();
    const from = nameOf(this.valueOf(document));
    if (fallbacksOf(document).length >= MOST_FALLBACKS) {
      throw new Error(`${FALLBACKS} holds ${MOST_FALLBACKS} keys: take out what seals nothing.`);
    }
    return { from, to: 'a new key' };
  }

  protected make(): string {
    return newPassword() + newPassword();
  }

  protected async takeBack(_: Journal, next: string | null): Promise<void> {
    const document = await this.document();
    const rest = fallbacksOf(document).filter((each) => each !== next);
    if (rest.length < fallbacksOf(document).length) await this.keep(document, rest);
  }

  protected promoted(document: Document, next: string): object {
    const old = this.valueOf(document);
    if (old === next) return {};
    const rest = fallbacksOf(document).filter((each) => each !== next && each !== old);
    return { [KEY]: next, [FALLBACKS]: [old, ...rest].join(',') };
  }

  private async announce({ id }: Journal): Promise<Record<string, string>> {
    const document = await this.document();
    const next = await this.pending.of(id);
    const known = fallbacksOf(document);
    if (!known.includes(next) && this.valueOf(document) !== next) {
      await this.keep(document, [next, ...known]);
    }
    await this.ground.renderHere();
    return { key: nameOf(next) };
  }

  private async wait(): Promise<void> {
    const what = 'start every process anew';
    await waitFor(this.config.announceSeconds, what, this.ground.report);
  }

  private async keep(document: Document, rest: readonly string[]): Promise<void> {
    // An empty value is not rendered; the key itself beside it changes nothing.
    const data = { ...document.data, [FALLBACKS]: rest.join(',') || this.valueOf(document) };
    await this.ground.kv.write(this.ground.path, data, document.version);
  }
}

function fallbacksOf({ data }: Document): string[] {
  const text = data[FALLBACKS];
  return typeof text === 'string' ? text.split(',').filter((each) => each.trim() !== '') : [];
}

/** Tells keys apart without telling of them. */
function nameOf(key: string): string {
  return `key ${createHash('sha256').update(`ofitec ${key}`).digest('hex').slice(0, 8)}`;
}

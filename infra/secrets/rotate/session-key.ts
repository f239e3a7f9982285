import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Document } from '../vault/kv.js';
import type { Ground } from './db.js';
import type { Journal } from './journal.js';
import { Pending } from './pending.js';
import type { Rotation, Step } from './rotation.js';
import type { SessionKeyRotation } from './rotations.config.js';
import { newPassword } from './scram.js';

const [KEY, FALLBACKS] = ['SECRET_KEY', 'SECRET_KEY_FALLBACKS'];
/** Earlier keys that are kept: what they sealed can be opened for as long. */
const MOST_FALLBACKS = 24;

/**
 * The key with which the house seals. Every process learns the new one before any seals with it, and
 * keeps the old ones: a text sealed by one process is never closed to another.
 */
export class SessionKeyTurn implements Rotation {
  readonly secret = 'session-key';
  readonly promotes = 'PROMOTED';
  private readonly pending: Pending;

  constructor(
    private readonly config: SessionKeyRotation,
    private readonly ground: Ground,
  ) {
    this.pending = new Pending(ground.kv, this.secret);
  }

  get steps(): readonly Step[] {
    return [
      {
        state: 'GENERATED',
        summary: 'a key waits in Vault',
        act: ({ id }) => this.pending.ensure(id, () => newPassword() + newPassword()),
      },
      {
        state: 'ANNOUNCED',
        summary: 'processes that start now can open what it seals',
        act: (journal) => this.announce(journal),
      },
      {
        state: 'KNOWN',
        summary: 'every process had the time to start anew',
        act: () => this.wait(),
      },
      {
        state: 'PROMOTED',
        summary: 'processes that start now seal with it',
        act: (journal) => this.promote(journal),
      },
      {
        state: 'RENDERED',
        summary: 'this host has rendered it',
        act: () => this.ground.renderHere(),
      },
      {
        state: 'REVOKED',
        summary: 'nothing of it waits in Vault',
        act: ({ id }) => this.pending.clear(id),
      },
    ];
  }

  async look(): Promise<{ from: string; to: string }> {
    const document = await this.ground.kv.get(this.ground.path);
    const from = nameOf(keyOf(document));
    if (fallbacksOf(document).length >= MOST_FALLBACKS) {
      throw new Error(`${FALLBACKS} holds ${MOST_FALLBACKS} keys: take out what seals nothing.`);
    }
    return { from, to: 'a new key' };
  }

  async undo({ id }: Journal): Promise<void> {
    const document = await this.ground.kv.get(this.ground.path);
    const next = await this.pending.of(id).catch(() => null);
    if (next !== null && keyOf(document) === next) {
      throw new Error('It was promoted: go on with --resume.');
    }
    const rest = fallbacksOf(document).filter((each) => each !== next);
    if (rest.length < fallbacksOf(document).length)
      await this.write(document, keyOf(document), rest);
    await this.pending.clear(id);
  }

  private async announce({ id }: Journal): Promise<void> {
    const document = await this.ground.kv.get(this.ground.path);
    const next = await this.pending.of(id);
    const known = fallbacksOf(document);
    if (!known.includes(next) && keyOf(document) !== next) {
      await this.write(document, keyOf(document), [next, ...known]);
    }
    await this.ground.renderHere();
  }

  private async wait(): Promise<void> {
    await sleep(this.config.announceSeconds * 1_000);
  }

  private async promote({ id }: Journal): Promise<Record<string, string>> {
    const document = await this.ground.kv.get(this.ground.path);
    const next = await this.pending.of(id);
    const old = keyOf(document);
    if (old === next) return { version: `${document.version}`, key: nameOf(next) };
    const rest = fallbacksOf(document).filter((each) => each !== next && each !== old);
    const version = await this.write(document, next, [old, ...rest]);
    return { version: `${version}`, key: nameOf(next) };
  }

  private async write(document: Document, key: string, rest: readonly string[]): Promise<number> {
    // An empty value is not rendered; the key itself beside it changes nothing.
    const data = { ...document.data, [KEY]: key, [FALLBACKS]: rest.join(',') || key };
    return this.ground.kv.write(this.ground.path, data, document.version);
  }
}

function keyOf({ data }: Document): string {
  const key = data[KEY];
  if (typeof key === 'string' && key !== '') return key;
  throw new Error(`Vault has no ${KEY}.`);
}

function fallbacksOf({ data }: Document): string[] {
  const text = data[FALLBACKS];
  return typeof text === 'string' ? text.split(',').filter((each) => each.trim() !== '') : [];
}

/** Tells keys apart without telling of them. */
function nameOf(key: string): string {
  return `key ${createHash('sha256').update(`ofitec ${key}`).digest('hex').slice(0, 8)}`;
}

import type { ThrottlerStorage } from '@nestjs/throttler';
import { Expiring } from './expiring.js';

/** What a storage of `@nestjs/throttler` answers. */
export type Count = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/** Keys of one limit; about ten megabytes when an attack fills it. */
const CAPACITY = 50_000;

interface Window {
  hits: number;
  readonly endsAt: number;
}

/**
 * Counts in fixed windows, in the memory of one process. The library's own storage keeps an array
 * of every hit and never more than sweeps it once a minute; this one keeps a number, and is bounded.
 * Each limit has its own keys: a flood of addresses makes no user's count forgotten.
 */
export class MemoryCounts implements ThrottlerStorage {
  private readonly windows = new Map<string, Expiring<Window>>();

  constructor(
    private readonly now: () => number = Date.now,
    private readonly capacity = CAPACITY,
  ) {}

  async increment(
    key: string,
    ttlMs: number,
    limit: number,
    _blockMs: number,
    name: string,
  ): Promise<Count> {
    const window = this.windowOf(name, key, ttlMs);
    window.hits += 1;
    return verdict(window.hits, window.endsAt - this.now(), limit);
  }

  /** How many keys are remembered. */
  get size(): number {
    return [...this.windows.values()].reduce((sum, keys) => sum + keys.size, 0);
  }

  private windowOf(name: string, key: string, ttlMs: number): Window {
    const keys = this.windows.get(name) ?? new Expiring<Window>(this.capacity, this.now);
    this.windows.set(name, keys);
    const known = keys.get(key);
    if (known) return known;
    const fresh = { hits: 0, endsAt: this.now() + ttlMs };
    keys.set(key, fresh, fresh.endsAt);
    return fresh;
  }
}

/** A count as the house reads it: too many until the window ends, and not a moment longer. */
export function verdict(hits: number, leftMs: number, limit: number): Count {
  const seconds = Math.max(1, Math.ceil(leftMs / 1000));
  return {
    totalHits: hits,
    timeToExpire: seconds,
    isBlocked: hits > limit,
    timeToBlockExpire: hits > limit ? seconds : 0,
  };
}

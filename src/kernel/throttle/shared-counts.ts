import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { ThrottlerStorage } from '@nestjs/throttler';
import type { Redis } from 'ioredis';
import { note } from '../http/logger.js';
import { MemoryCounts, verdict } from './memory-counts.js';
import type { Count } from './memory-counts.js';

/** A counter that takes longer than this is no help to the request that waits for it. */
const PATIENCE_MS = 500;
/** How long Redis is left alone after it failed; then one request tries it again. */
const REST_MS = 2_000;
/** How long the start waits for Redis, to say truly where counts are kept. */
const START_MS = 1_000;

/**
 * Counts in Redis, so that all processes count together. While Redis does not answer, each process
 * counts for itself: requests are neither refused for it nor waved through, and wait for it at most
 * {@link PATIENCE_MS}, once every {@link REST_MS}.
 */
export class SharedCounts implements ThrottlerStorage {
  private readonly log = new Logger('throttle');
  private readonly own = new MemoryCounts();
  private restsUntil = 0;
  private failing = false;

  private constructor(
    private readonly redis: Redis,
    private readonly counts: ThrottlerStorage,
  ) {}

  /** Connects, and says in the log where counts are kept. Never fails: Redis may come later. */
  static async open(url: string): Promise<SharedCounts> {
    // Loaded where it is wanted: an installation without Redis pays nothing for it.
    const { Redis } = await import('ioredis');
    const { ThrottlerStorageRedisService } = await import('@nest-lab/throttler-storage-redis');
    const redis = new Redis(url, {
      connectionName: 'ofitec throttle',
      connectTimeout: START_MS,
      commandTimeout: PATIENCE_MS,
      // A command waits for no connection: the request counts here and goes on.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (attempt) => Math.min(attempt * 200, REST_MS),
    });
    const shared = new SharedCounts(redis, new ThrottlerStorageRedisService(redis));
    // The failing command tells; without a listener ioredis writes to the console.
    redis.on('error', () => undefined);
    await Promise.race([
      new Promise((resolve) => redis.once('ready', resolve)),
      sleep(START_MS, null, { ref: false }),
    ]);
    const { host, port } = redis.options;
    const place = { redis: `${host}:${port}` };
    if (redis.status === 'ready') {
      note('throttle', {
        message: 'requests are counted in Redis, by all processes together',
        ...place,
      });
    } else shared.rest(new Error(`no connection to ${place.redis}`));
    return shared;
  }

  async increment(
    key: string,
    ttlMs: number,
    limit: number,
    blockMs: number,
    name: string,
  ): Promise<Count> {
    if (this.isResting()) return this.own.increment(key, ttlMs, limit, blockMs, name);
    try {
      const count = await this.counts.increment(key, ttlMs, limit, blockMs, name);
      if (this.failing) this.log.warn('Redis answers again: all processes count together');
      this.failing = false;
      return verdict(count.totalHits, count.timeToExpire * 1000, limit);
    } catch (error) {
      this.rest(error);
      return this.own.increment(key, ttlMs, limit, blockMs, name);
    }
  }

  close(): void {
    this.redis.disconnect();
  }

  /** While Redis fails, one request in a while tries it, and the others do not wait. */
  private isResting(): boolean {
    if (!this.failing) return false;
    const now = Date.now();
    if (now < this.restsUntil) return true;
    this.restsUntil = now + REST_MS;
    return false;
  }

  private rest(error: unknown): void {
    this.restsUntil = Date.now() + REST_MS;
    if (this.failing) return;
    this.failing = true;
    this.log.warn({
      message: 'Redis does not answer: each process counts requests for itself',
      error: error instanceof Error ? error.message : String(error),
    });
  }
}

import { Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { ThrottlerStorage } from '@nestjs/throttler';
import { Config } from '../config/config.js';
import { kernelConfig } from '../config/kernel.config.js';
import { note } from '../http/logger.js';
import { MemoryCounts } from './memory-counts.js';
import type { Count } from './memory-counts.js';
import { SharedCounts } from './shared-counts.js';

/** Where requests are counted: in this process, or in the Redis of `REDIS_URL`. */
@Injectable()
export class Counts implements ThrottlerStorage, OnApplicationShutdown {
  private storage: ThrottlerStorage = new MemoryCounts();

  constructor(private readonly config: Config) {}

  /** Connects if there is a Redis, and says in the log which it is. Servers call it; workers count nothing. */
  async open(): Promise<void> {
    const url = this.config.of(kernelConfig).REDIS_URL;
    if (url) this.storage = await SharedCounts.open(url);
    else {
      note('throttle', {
        message: 'requests are counted in memory, by each process for itself (REDIS_URL is unset)',
      });
    }
  }

  increment(...request: Parameters<ThrottlerStorage['increment']>): Promise<Count> {
    return this.storage.increment(...request);
  }

  onApplicationShutdown(): void {
    if (this.storage instanceof SharedCounts) this.storage.close();
  }
}

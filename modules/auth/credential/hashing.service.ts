import { Injectable } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';
import pLimit from 'p-limit';
import { Busy, Config, Problem } from '#kernel';
import { authConfig } from '../auth.config.js';

/** argon2id with 19 MiB, two passes, one lane: the OWASP password storage minimum. */
const ARGON2ID = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Waiting hashes beyond which a request is sent away: a flood of sign-ins must not fill memory. */
const MAX_WAITING = 200;

/** Hashes of passwords and PINs, a bounded number at a time. */
@Injectable()
export class HashingService {
  private readonly limit: ReturnType<typeof pLimit>;
  private readonly nobody: Promise<string>;

  constructor(config: Config) {
    this.limit = pLimit(config.of(authConfig).PASSWORD_HASH_CONCURRENCY);
    this.nobody = this.hash('a password that nobody has');
  }

  /** argon2id in PHC string form, of the text in Unicode's form NFC. @throws Problem Busy */
  async hash(secret: string): Promise<string> {
    return this.inTurn(() => hash(secret.normalize('NFC'), ARGON2ID));
  }

  /** Whether the secret fits; without a hash it takes as long and says no. @throws Problem Busy */
  async fits(phc: string | null, secret: string): Promise<boolean> {
    const against = phc ?? (await this.nobody);
    const matches = await this.inTurn(() => verify(against, secret.normalize('NFC')));
    return matches && phc !== null;
  }

  /** Whether the hash was made with weaker parameters than today's. */
  isOutdated(phc: string): boolean {
    const read = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$/.exec(phc);
    if (!read) return true;
    const [memory, time] = [Number(read[1]), Number(read[2])];
    return memory < ARGON2ID.memoryCost || time < ARGON2ID.timeCost;
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.limit.pendingCount > MAX_WAITING) throw new Problem(Busy, { retryAfterSeconds: 1 });
    return this.limit(work);
  }
}

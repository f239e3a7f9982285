import { Injectable, Logger } from '@nestjs/common';
import { Clock, Database, Measures, Round, runAsHouse } from '#kernel';
import type { GaugeDefinition, Reading } from '#kernel';
import { BlockStore } from './block-store.js';
import { sealLock } from '../withdrawal/withdrawal-store.js';
import type { Tip } from './block-store.js';
import { hashOf, leafOf } from './seal.js';

export const UnsealedAge: GaugeDefinition = {
  name: 'ofitec_audit_unsealed_age_seconds',
  summary: 'Age of the oldest event that no block seals yet; 0 when there is none',
  labels: [],
  per: 'company',
};

/** Events of one block. A block is written at once; smaller ones make more of them, larger ones longer transactions. */
const BLOCK = 1_000;

/**
 * Seals what was committed, in the background. An event is sealed when no transaction that began
 * before it can still commit: then no later one can ever stand before it in the order, which is
 * by transaction and id. Nobody who writes an event waits for a seal.
 */
@Injectable()
export class SealService {
  private readonly log = new Logger('audit');

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly blocks: BlockStore,
  ) {}

  @Round({ restMs: 5_000 })
  async look(): Promise<void> {
    for (const id of await this.blocks.companies()) {
      try {
        await runAsHouse(id, 'audit.seal', () => this.seal());
      } catch (error) {
        this.log.error({ message: 'sealing failed', companyId: id, error: String(error) });
      }
    }
  }

  /** Seals all that can be sealed in the context's company. @returns how many events */
  async seal(): Promise<number> {
    for (let sealed = 0; ;) {
      const count = await this.database.transaction(() => this.sealOne());
      sealed += count;
      if (count < BLOCK) return sealed;
    }
  }

  /** Seals all that can be sealed. @returns where the chain ends then */
  async sealedTip(): Promise<Tip> {
    await this.seal();
    return this.database.transaction(() => this.blocks.tip());
  }

  @Measures(UnsealedAge)
  async unsealedAge(): Promise<Reading[]> {
    const oldest = await this.database.transaction(() => this.blocks.oldestUnsealed());
    const ageMs = oldest ? this.clock.now().getTime() - oldest.getTime() : 0;
    return [{ labels: {}, value: Math.max(0, ageMs / 1_000) }];
  }

  /** One block, when there is anything; of two workers at once, one writes it. */
  private async sealOne(): Promise<number> {
    await this.database.lockName(sealLock(this.database.companyId));
    const tip = await this.blocks.tip();
    const events = await this.blocks.settledAfter(tip, BLOCK);
    const last = events.at(-1);
    if (!last) return 0;
    const content = {
      companyId: this.database.companyId,
      number: tip.number + 1,
      sealedAt: this.clock.now(),
      lastTransactionId: last.transactionId,
      lastEventId: last.id,
      leaves: Buffer.concat(events.map(leafOf)),
      previousHash: tip.hash,
    };
    await this.blocks.add({ ...content, hash: hashOf(content) });
    return events.length;
  }
}

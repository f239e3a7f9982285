import { Injectable, Logger } from '@nestjs/common';
import { Clock, Database, Measures, Round, runAsHouse } from '#kernel';
import type { GaugeDefinition, Reading } from '#kernel';
import { BlockStore } from './block-store.js';
import { sealLock } from '../withdrawal/withdrawal-store.js';
import type { Tip } from './block-store.js';
import { hashOf, leafOf } from './seal.js';
import type { Sealed } from './seal.js';

export const UnsealedAge: GaugeDefinition = {
  name: 'ofitec_audit_unsealed_age_seconds',
  summary: 'Age of the oldest event that no block seals yet; 0 when there is none',
  labels: [],
  per: 'company',
};

/** Events of one block: what a finding can be narrowed down to, and what is held in memory at a time. */
const BLOCK = 1_000;

/** Blocks of one transaction. It reads the log once for all of them, and holds up what settles meanwhile. */
const BLOCKS_AT_ONCE = 20;

/** A million events may be one transaction's, and are looked through for each stretch. */
const PATIENCE = { statementMs: 120_000, lockMs: 60_000 };

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

  /**
   * Seals all that can be sealed in the context's company.
   *
   * @param progress told how many events are sealed and committed
   * @returns how many events
   */
  async seal(progress: (events: number) => void = () => undefined): Promise<number> {
    for (let sealed = 0; ;) {
      const { events, isAll } = await this.database.transaction(() => this.sealSome());
      sealed += events;
      progress(sealed);
      if (isAll) return sealed;
    }
  }

  /** Seals all that can be sealed. @returns where the chain ends then */
  async sealedTip(progress?: (events: number) => void): Promise<Tip> {
    await this.seal(progress);
    return this.database.transaction(() => this.blocks.tip());
  }

  @Measures(UnsealedAge)
  async unsealedAge(): Promise<Reading[]> {
    const oldest = await this.database.transaction(() => this.blocks.oldestUnsealed());
    const ageMs = oldest ? this.clock.now().getTime() - oldest.getTime() : 0;
    return [{ labels: {}, value: Math.max(0, ageMs / 1_000) }];
  }

  /** Some blocks, when there is anything; of two workers at once, one writes them. */
  private async sealSome(): Promise<{ events: number; isAll: boolean }> {
    await this.database.takeTime(PATIENCE);
    await this.database.lockName(sealLock(this.database.companyId));
    let tip = await this.blocks.tip();
    let [sealed, leaves, last]: [number, Buffer[], Sealed | null] = [0, [], null];
    for await (const event of this.blocks.settledAfter(tip)) {
      leaves.push(leafOf(event));
      last = event;
      if (leaves.length < BLOCK) continue;
      tip = await this.addBlock(tip, leaves, last);
      [sealed, leaves] = [sealed + BLOCK, []];
      if (sealed === BLOCK * BLOCKS_AT_ONCE) return { events: sealed, isAll: false };
    }
    if (last && leaves.length > 0) await this.addBlock(tip, leaves, last);
    return { events: sealed + leaves.length, isAll: true };
  }

  private async addBlock(tip: Tip, leaves: readonly Buffer[], last: Sealed): Promise<Tip> {
    const content = {
      companyId: this.database.companyId,
      number: tip.number + 1,
      sealedAt: this.clock.now(),
      lastTransactionId: last.transactionId,
      lastEventId: last.id,
      leaves: Buffer.concat(leaves),
      previousHash: tip.hash,
    };
    const block = { ...content, hash: hashOf(content) };
    await this.blocks.add(block);
    return block;
  }
}

import { Injectable } from '@nestjs/common';
import { Database, Events, OnSchedule } from '#kernel';
import { isRemoval, WithdrawalStore } from '../withdrawal/withdrawal-store.js';
import type { ScheduleDefinition } from '#kernel';
import { BlockStore } from './block-store.js';
import type { Block, Tip } from './block-store.js';
import { RootService } from '../cut/root.service.js';
import { ChainBroken, ChainVerified } from './chain.events.js';
import { Findings, inWords, MOST_FINDINGS } from './findings.js';
import type { Finding } from './findings.js';
import { GENESIS, hashOf, leafOf, leavesById } from './seal.js';

export const VerifyChain: ScheduleDefinition = {
  name: 'audit.verify-chain',
  cron: '30 5 * * *',
  summary: 'compares the whole event log with its seal; tells audit_chain.broken',
  per: 'company',
};

/** A block as it was written down outside of this database: on a daily cut, in a backup's manifest. */
export interface Anchor {
  readonly number: number;
  /** Hexadecimal. */
  readonly hash: string;
}

/** What a verification found. */
export interface Verification {
  readonly blocks: number;
  readonly events: number;
  readonly tip: string;
  /** At most {@link MOST_FINDINGS}; `count` says how many there were. */
  readonly findings: readonly Finding[];
  readonly count: number;
}

/** Compares the event log with its seal, block by block in constant memory. */
@Injectable()
export class VerifyService {
  constructor(
    private readonly database: Database,
    private readonly events: Events,
    private readonly blocks: BlockStore,
    private readonly withdrawals: WithdrawalStore,
    private readonly roots: RootService,
  ) {}

  @OnSchedule(VerifyChain)
  async verifyByNight(): Promise<void> {
    await this.announce(await this.verify());
  }

  /** Publishes what was found; an alert arises from it, and ends with it. */
  async announce({ blocks, events, tip, findings, count }: Verification): Promise<void> {
    await this.database.transaction(async () => {
      const subject = {
        type: 'audit.chain',
        id: this.database.companyId,
        label: `block ${blocks}`,
      };
      if (count > 0) {
        const examples = findings.slice(0, 10).map(inWords);
        await this.events.publish(ChainBroken, { subject, payload: { findings: count, examples } });
      }
      const payload = { blocks, events, tip, findings: count };
      await this.events.publish(ChainVerified, { subject, payload });
    });
  }

  /**
   * Compares everything of the context's company.
   *
   * @param anchors blocks as they were written down elsewhere: only they show that the end of chain and
   *   log was taken away, or that both were made anew
   * @param progress told the number of each block that was compared
   */
  async verify(
    anchors: readonly Anchor[] = [],
    progress: (block: number) => void = () => undefined,
  ): Promise<Verification> {
    const found = new Findings();
    const expected = new Map(anchors.map(({ number, hash }) => [number, hash.toLowerCase()]));
    const root = await this.database.transaction(() => this.roots.root(found));
    compareCutAnchors(expected, root, found);
    let place: Tip = root;
    let [blocks, events] = [0, 0];
    for (;;) {
      const [block] = await this.database.transaction(() => this.blocks.after(place.number, 1));
      if (!block) break;
      for (let number = place.number + 1; number < block.number; number += 1) {
        found.add({ kind: 'block-missing', block: number });
        if (number - place.number >= MOST_FINDINGS) break;
      }
      const isNext = block.number === place.number + 1;
      if (!isItself(block) || (isNext && !block.previousHash.equals(place.hash))) {
        found.add({ kind: 'block-changed', block: block.number });
      }
      const anchor = expected.get(block.number);
      if (anchor !== undefined && anchor !== block.hash.toString('hex')) {
        found.add({ kind: 'anchor-differs', block: block.number });
      }
      expected.delete(block.number);
      events += await this.compare(place, block, isNext, found);
      blocks += 1;
      place = block;
      progress(block.number);
    }
    await this.database.transaction(() => this.roots.check(root, found));
    for (const number of expected.keys()) found.add({ kind: 'anchor-missing', block: number });
    if (await this.database.transaction(() => this.blocks.isAhead(place))) {
      found.add({ kind: 'ahead', block: place.number });
    }
    const tip = `${place.number}:${place.hash.toString('hex')}`;
    return { blocks, events, tip, findings: found.first, count: found.count };
  }

  /** The events of a block's stretch of the log against its leaves. @returns how many it seals */
  private async compare(
    before: Tip,
    block: Block,
    isNext: boolean,
    found: Findings,
  ): Promise<number> {
    const leaves = leavesById(block.leaves);
    const sealed = leaves.size;
    const others = new Map<string, Buffer>();
    for await (const event of this.blocks.eventsOf(before, block)) {
      const leaf = leaves.get(event.id);
      const says = leafOf(event);
      // Behind a missing block its events stand in this one's stretch: they are not this one's.
      if (!leaf && isNext)
        found.add({ kind: 'event-added', block: block.number, eventId: event.id });
      if (leaf && !leaf.equals(says)) others.set(event.id, says);
      leaves.delete(event.id);
    }
    if (others.size === 0 && leaves.size === 0) return sealed;
    // Read after the events: what was taken out of them meanwhile is known here.
    const taken = await this.database.transaction(() => this.withdrawals.ofBlock(block.number));
    for (const [eventId, says] of others) {
      if (taken.get(eventId)?.some((leaf) => leaf.equals(says))) continue;
      found.add({ kind: 'event-changed', block: block.number, eventId });
    }
    for (const eventId of leaves.keys()) {
      if (taken.get(eventId)?.some(isRemoval)) continue;
      found.add({ kind: 'event-missing', block: block.number, eventId });
    }
    return sealed;
  }
}

/** Anchors up to the root: what was before it is proven by its archives, the root itself here. */
function compareCutAnchors(expected: Map<number, string>, root: Tip, found: Findings): void {
  for (const [number, hash] of expected) {
    if (number > root.number) continue;
    expected.delete(number);
    if (number === root.number && hash !== root.hash.toString('hex')) {
      found.add({ kind: 'anchor-differs', block: number });
    }
  }
}

function isItself(block: Block): boolean {
  return hashOf(block).equals(block.hash) && block.hash.length === GENESIS.length;
}

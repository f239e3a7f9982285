import { Injectable } from '@nestjs/common';
import { Database, Events, OnSchedule } from '#kernel';
import { WithdrawalStore } from '../withdrawal/withdrawal-store.js';
import type { ScheduleDefinition } from '#kernel';
import { BlockStore, isBehind } from './block-store.js';
import type { Block, Place, Tip } from './block-store.js';
import { RootService } from '../cut/root.service.js';
import { ChainBroken, ChainVerified } from './chain.events.js';
import { Findings, inWords, MOST_FINDINGS } from './findings.js';
import type { Finding } from './findings.js';
import { GENESIS, hashOf } from './seal.js';
import { Stretch } from './stretch.js';

export const VerifyChain: ScheduleDefinition = {
  name: 'audit.verify-chain',
  cron: '30 5 * * *',
  summary: 'compares the whole event log with its seal; tells audit_chain.broken',
  per: 'company',
};

/** Blocks that are held at once, and whose events are read in one go. */
const BLOCKS_AT_ONCE = 20;

/** A million events may be one transaction's, and are looked through for each of its blocks. */
const PATIENCE = { statementMs: 120_000, lockMs: 60_000 };

/** How far a verification is. */
export interface Progress {
  /** The last block that was compared, and the last that there was when it began. */
  readonly block: number;
  readonly of: number;
  readonly events: number;
}

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
   * @param progress told how far it is
   */
  async verify(
    anchors: readonly Anchor[] = [],
    progress: (done: Progress) => void = () => undefined,
  ): Promise<Verification> {
    const found = new Findings();
    const expected = new Map(anchors.map(({ number, hash }) => [number, hash.toLowerCase()]));
    const root = await this.database.transaction(() => this.roots.root(found));
    const { number: of } = await this.database.transaction(() => this.blocks.tip());
    compareCutAnchors(expected, root, found);
    let place: Tip = root;
    let [blocks, events] = [0, 0];
    for (;;) {
      const from = place;
      // Blocks, events and what was taken out of them as they were at one moment.
      const some = await this.database.snapshot(() => this.compareSome(from));
      const last = some.blocks.at(-1);
      if (!last) break;
      found.addAll(some.found);
      for (const block of some.blocks) compareAnchor(expected, block, found);
      blocks += some.blocks.length;
      events += some.events;
      place = last;
      progress({ block: last.number, of: Math.max(of, last.number), events });
    }
    await this.database.transaction(() => this.roots.check(root, found));
    for (const number of expected.keys()) found.add({ kind: 'anchor-missing', block: number });
    if (await this.database.transaction(() => this.blocks.isAhead(place))) {
      found.add({ kind: 'ahead', block: place.number });
    }
    const tip = `${place.number}:${place.hash.toString('hex')}`;
    return { blocks, events, tip, findings: found.first, count: found.count };
  }

  /** The next blocks behind a place, in one reading of their events. */
  private async compareSome(from: Tip): Promise<Compared> {
    await this.database.takeTime(PATIENCE);
    const found = new Findings();
    const blocks = inOrder(from, await this.blocks.after(from.number, BLOCKS_AT_ONCE));
    const last = blocks.at(-1);
    if (!last) return { blocks, events: 0, found };
    const log = this.blocks.within(from, last);
    let [place, events, next] = [from, 0, await log.next()];
    for (const block of blocks) {
      const isNext = compareLink(place, block, found);
      const stretch = new Stretch(block, isNext, found);
      for (; !next.done && !isBehind(next.value, block); next = await log.next()) {
        stretch.take(next.value);
      }
      events += await stretch.end(() => this.withdrawals.ofBlock(block.number));
      place = block;
    }
    return { blocks, events, found };
  }
}

/** Blocks that were compared, how many events they seal, and what does not agree. */
interface Compared {
  readonly blocks: readonly Block[];
  readonly events: number;
  readonly found: Findings;
}

/** The blocks that end behind each other, at least one: what was tampered with may lie anywhere. */
function inOrder(from: Tip, blocks: readonly Block[]): readonly Block[] {
  let place: Place = from;
  const wrong = blocks.findIndex((block) => {
    const event = { id: block.lastEventId, transactionId: block.lastTransactionId };
    const isFurther = isBehind(event, place);
    place = block;
    return !isFurther;
  });
  return wrong < 0 ? blocks : blocks.slice(0, Math.max(1, wrong));
}

/** Whether a block is itself, and lies on the one before. @returns whether that one is the one before by number */
function compareLink(before: Tip, block: Block, found: Findings): boolean {
  for (let number = before.number + 1; number < block.number; number += 1) {
    found.add({ kind: 'block-missing', block: number });
    if (number - before.number >= MOST_FINDINGS) break;
  }
  const isNext = block.number === before.number + 1;
  if (!isItself(block) || (isNext && !block.previousHash.equals(before.hash))) {
    found.add({ kind: 'block-changed', block: block.number });
  }
  return isNext;
}

function compareAnchor(expected: Map<number, string>, block: Block, found: Findings): void {
  const anchor = expected.get(block.number);
  if (anchor !== undefined && anchor !== block.hash.toString('hex')) {
    found.add({ kind: 'anchor-differs', block: block.number });
  }
  expected.delete(block.number);
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

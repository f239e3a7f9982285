import { isRemoval } from '../withdrawal/withdrawal-store.js';
import type { Block } from './block-store.js';
import type { Findings } from './findings.js';
import { LEAF_BYTES, leafOf, leavesById } from './seal.js';
import type { Sealed } from './seal.js';

/**
 * The events of a block's stretch of the log against its leaves, one after the other. As long as they come as
 * they were sealed, leaves are only compared with what is next; from the first that does not, they are looked up.
 */
export class Stretch {
  private at = 0;
  private rest: Map<string, Buffer> | null = null;
  /** What events say now that were sealed saying something else; at most as many as the block has leaves. */
  private readonly others = new Map<string, Buffer>();
  private readonly sealed: number;

  /** @param isNext whether it lies on the block that was compared before */
  constructor(
    private readonly block: Block,
    private readonly isNext: boolean,
    private readonly found: Findings,
  ) {
    this.sealed = block.leaves.length / LEAF_BYTES;
  }

  /** Compares the next event of the log. */
  take(event: Sealed): void {
    const says = leafOf(event);
    if (!this.rest) {
      const end = this.at + LEAF_BYTES;
      if (says.equals(this.block.leaves.subarray(this.at, end))) {
        this.at = end;
        return;
      }
      this.rest = leavesById(this.block.leaves.subarray(this.at));
    }
    const leaf = this.rest.get(event.id);
    // Behind a missing block its events stand in this one's stretch: they are not this one's.
    if (!leaf && this.isNext) {
      this.found.add({ kind: 'event-added', block: this.block.number, eventId: event.id });
    }
    if (leaf && !leaf.equals(says)) this.others.set(event.id, says);
    this.rest.delete(event.id);
  }

  /**
   * Compares what is left with what was taken out of the block.
   *
   * @param takenOut asked only where something differs
   * @returns how many events it seals
   */
  async end(takenOut: () => Promise<ReadonlyMap<string, Buffer[]>>): Promise<number> {
    const { block, found, others, sealed } = this;
    const missing = this.rest ?? leavesById(block.leaves.subarray(this.at));
    if (others.size === 0 && missing.size === 0) return sealed;
    const taken = await takenOut();
    for (const [eventId, says] of others) {
      if (taken.get(eventId)?.some((leaf) => leaf.equals(says))) continue;
      found.add({ kind: 'event-changed', block: block.number, eventId });
    }
    for (const eventId of missing.keys()) {
      if (taken.get(eventId)?.some(isRemoval)) continue;
      found.add({ kind: 'event-missing', block: block.number, eventId });
    }
    return sealed;
  }
}

import { InstantField, IntegerField, TextField } from '#kernel';
import type { Tip } from './block-store.js';

/** Where the seal of the event log ends. */
export class ChainView {
  @IntegerField({ min: 0, max: 1e15, description: 'number of the last block; 0 before the first' })
  number!: number;

  @TextField({ max: 64, description: 'its SHA-256, which is over every block before it' })
  hash!: string;

  @InstantField({ nullable: true, description: 'when it was sealed; null before the first' })
  sealedAt!: string | null;

  static of(this: void, tip: Tip): ChainView {
    const { number, hash, sealedAt } = tip;
    return { number, hash: hash.toString('hex'), sealedAt: sealedAt?.toISOString() ?? null };
  }
}

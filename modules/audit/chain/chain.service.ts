import { Injectable } from '@nestjs/common';
import { Database } from '#kernel';
import { BlockStore } from './block-store.js';

/** Where the seal of the event log stands, for what is kept outside of the database. */
@Injectable()
export class ChainService {
  constructor(
    private readonly database: Database,
    private readonly blocks: BlockStore,
  ) {}

  /**
   * The last block of the company as an anchor, `12:` and 64 hexadecimal digits. Printed on paper, it
   * proves later that nothing before it was changed or taken away.
   *
   * @returns null before the first block
   */
  async anchor(): Promise<string | null> {
    const { number, hash } = await this.database.transaction(() => this.blocks.tip());
    return number === 0 ? null : `${number}:${hash.toString('hex')}`;
  }

  /**
   * Whether the chain still holds the block of an anchor, as it was. What was cut off by retention is
   * proven by its archive (`ofitec audit verify --archive`), and counts as held here.
   */
  async holds(anchor: string): Promise<boolean> {
    const [number = '', hash = ''] = anchor.split(':');
    const root = await this.database.transaction(() => this.blocks.root());
    if (Number(number) < root.number) return true;
    if (Number(number) === root.number && root.number > 0)
      return root.hash.toString('hex') === hash;
    const [block] = await this.database.transaction(() => this.blocks.after(Number(number) - 1, 1));
    return block?.number === Number(number) && block.hash.toString('hex') === hash;
  }
}

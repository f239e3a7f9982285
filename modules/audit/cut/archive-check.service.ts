import { Injectable } from '@nestjs/common';
import { Database } from '#kernel';
import { BlockStore } from '../chain/block-store.js';
import { Findings } from '../chain/findings.js';
import type { Finding } from '../chain/findings.js';
import { leavesById } from '../chain/seal.js';
import { WithdrawalStore } from '../withdrawal/withdrawal-store.js';
import { readArchive } from './archive.js';
import type { ArchiveReading } from './archive.js';

/** What was found of an archive. */
export interface ArchiveCheck {
  readonly companyId: string;
  readonly blocks: number;
  readonly events: number;
  readonly findings: readonly Finding[];
}

const VOUCHED = `SELECT count(*)::integer AS n FROM kernel_event WHERE company_id = $1 AND action = 'audit_log.cut'
  AND payload->>'archiveSha256' = $2`;

const RECORDED = `SELECT count(*)::integer AS n FROM audit_cut WHERE company_id = $1
  AND number = $2 AND encode(hash, 'hex') = $3 AND encode(archive_sha256, 'hex') = $4`;

/** Proves that an archive holds what was removed, as it was sealed. */
@Injectable()
export class ArchiveCheckService {
  constructor(
    private readonly database: Database,
    private readonly blocks: BlockStore,
    private readonly withdrawals: WithdrawalStore,
  ) {}

  /** Reads an archive through. @throws Error for what is no archive, or cut short or damaged */
  async read(file: string): Promise<{ reading: ArchiveReading; found: Findings }> {
    const found = new Findings();
    return { reading: await readArchive(file, found), found };
  }

  /** Compares what was read with the log that it was cut from; in a context of its company. */
  async check(reading: ArchiveReading, found: Findings): Promise<ArchiveCheck> {
    const { head, sha256 } = reading;
    const isCut = head.to.number > head.from.number;
    await this.database.transaction(async () => {
      const { companyId } = this.database;
      const [record] = isCut
        ? await this.database.rows<{ n: number }>(RECORDED, [
            ...[companyId, head.to.number, head.to.hash, sha256],
          ])
        : await this.database.rows<{ n: number }>(VOUCHED, [companyId, sha256]);
      if (record?.n !== 1) found.add({ kind: 'cut-false', block: head.to.number });
      await this.checkAlone(reading, found);
    });
    const { blocks, events } = reading;
    return { companyId: head.companyId, blocks, events, findings: found.first };
  }

  /** Events that were removed alone: their leaves are still in the blocks, where those are. */
  private async checkAlone({ alone }: ArchiveReading, found: Findings): Promise<void> {
    let held = { number: 0, leaves: new Map<string, Buffer>() };
    for (const { id, block: number, leaf } of alone) {
      if (held.number !== number) {
        const [block] = await this.blocks.after(number - 1, 1);
        const leaves = block?.number === number ? leavesById(block.leaves) : null;
        held = { number, leaves: leaves ?? new Map<string, Buffer>() };
      }
      // A block that was cut off since is proven by its own archive.
      if (held.leaves.size === 0 || held.leaves.get(id)?.equals(leaf)) continue;
      const others = (await this.withdrawals.ofBlock(number)).get(id) ?? [];
      if (others.some((each) => each.equals(leaf))) continue;
      found.add({ kind: 'event-changed', block: number, eventId: id });
    }
  }
}

import { Injectable } from '@nestjs/common';
import { Database } from '#kernel';
import { BlockStore } from '../chain/block-store.js';
import type { Tip } from '../chain/block-store.js';
import type { Findings } from '../chain/findings.js';
import { WithdrawalStore } from '../withdrawal/withdrawal-store.js';

/** What the act of a cut says of it. */
interface Told {
  readonly number: number | null;
  readonly hash: string | null;
  readonly archiveSha256: string | null;
}

const TOLD = `SELECT (e.payload->>'number')::float8 AS number, e.payload->>'hash' AS hash,
    e.payload->>'archiveSha256' AS "archiveSha256"
  FROM audit_cut c LEFT JOIN kernel_event e
    ON e.id = c.act_id AND e.company_id = c.company_id AND e.action = 'audit_log.cut'
  WHERE c.company_id = $1 AND c.number = $2`;

const RECORDED = `SELECT encode(archive_sha256, 'hex') AS "archiveSha256" FROM audit_cut
  WHERE company_id = $1 AND number = $2`;

/** Where the chain begins, and what vouches for that and for all that was taken out of it. */
@Injectable()
export class RootService {
  constructor(
    private readonly database: Database,
    private readonly blocks: BlockStore,
    private readonly withdrawals: WithdrawalStore,
  ) {}

  /** The place behind which the chain begins. Anything of the log before it is a finding. */
  async root(found: Findings): Promise<Tip> {
    const root = await this.blocks.root();
    if (root.number === 0) return root;
    const start = { lastTransactionId: '0', lastEventId: '00000000-0000-0000-0000-000000000000' };
    const [first] = await this.blocks.between(start, root.lastTransactionId, 1);
    const isBefore =
      first && (first.transactionId !== root.lastTransactionId || first.id <= root.lastEventId);
    if (isBefore) found.add({ kind: 'event-added', block: root.number, eventId: first.id });
    return root;
  }

  /** Whether sealed events vouch for the cut and for every withdrawal behind it. */
  async check(root: Tip, found: Findings): Promise<void> {
    if (root.number > 0 && !(await this.isVouchedFor(root))) {
      found.add({ kind: 'cut-false', block: root.number });
    }
    for (const { id, digest } of await this.withdrawals.acts(root.number)) {
      if (digest === (await this.withdrawals.digestOfAct(id))) continue;
      found.add({ kind: 'withdrawal-false', block: root.number, eventId: id });
    }
  }

  private async isVouchedFor(root: Tip): Promise<boolean> {
    const place = [this.database.companyId, root.number];
    const [told] = await this.database.rows<Told>(TOLD, place);
    const [recorded] = await this.database.rows<{ archiveSha256: string }>(RECORDED, place);
    return (
      told?.number === root.number &&
      told.hash === root.hash.toString('hex') &&
      told.archiveSha256 === recorded?.archiveSha256
    );
  }
}

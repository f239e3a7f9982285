import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Database } from '#kernel';
import { leafOf, leavesById, SEALED_COLUMNS } from '../chain/seal.js';
import type { Sealed } from '../chain/seal.js';

/** What one act took out of one block: new leaves, those of removed events all zeros. */
export interface Withdrawal {
  readonly block: number;
  readonly entries: Buffer;
}

/** An act and what it vouches for. */
export interface Act {
  readonly id: string;
  /** The digest that its event names; null when the event is not there. */
  readonly digest: string | null;
}

const REMOVED = Buffer.alloc(32);
const ID_BYTES = 16;

const BLOCK_OF = `SELECT e.id, e.transaction_id::text AS "transactionId", ${SEALED_COLUMNS} AS columns, e.salt,
    (SELECT b.number::float8 FROM audit_block b WHERE b.company_id = e.company_id
       AND (b.last_transaction_id, b.last_event_id) >= ((e.transaction_id::text)::bigint, e.id)
     ORDER BY b.number LIMIT 1) AS block
  FROM kernel_event e WHERE e.company_id = $1 AND e.id = ANY($2) ORDER BY e.id`;

const ACTS = `SELECT w.act_id AS id, (SELECT e.payload->>'digest' FROM kernel_event e
      WHERE e.id = w.act_id AND e.company_id = $1
        AND e.action IN ('audit_log.redacted', 'audit_log.cut')) AS digest
  FROM audit_withdrawal w WHERE w.company_id = $1 AND w.block > $2 GROUP BY w.act_id ORDER BY w.act_id`;

/** What was taken out of the sealed log of the context's company. */
@Injectable()
export class WithdrawalStore {
  constructor(private readonly database: Database) {}

  /** Sealing and taking out exclude each other: a block is over what its events say when it is written. */
  async lockSeal(): Promise<void> {
    await this.database.lockName(sealLock(this.database.companyId));
  }

  /** Events as they are now, each with the block that seals it, or null. */
  async sealedIn(ids: readonly string[]): Promise<(Sealed & { block: number | null })[]> {
    return this.database.rows(BLOCK_OF, [this.database.companyId, ids]);
  }

  async add(actId: string, withdrawals: readonly Withdrawal[]): Promise<void> {
    for (const { block, entries } of withdrawals) {
      await this.database.rows(
        'INSERT INTO audit_withdrawal (company_id, act_id, block, entries) VALUES ($1, $2, $3, $4)',
        [this.database.companyId, actId, block, entries],
      );
    }
  }

  /** What may stand in the place of a block's leaves, by event. */
  async ofBlock(block: number): Promise<ReadonlyMap<string, Buffer[]>> {
    const rows = await this.database.rows<{ entries: Buffer }>(
      'SELECT entries FROM audit_withdrawal WHERE company_id = $1 AND block = $2 ORDER BY act_id',
      [this.database.companyId, block],
    );
    const found = new Map<string, Buffer[]>();
    for (const { entries } of rows) {
      for (const [id, leaf] of leavesById(entries)) found.set(id, [...(found.get(id) ?? []), leaf]);
    }
    return found;
  }

  /** The same as an archive holds it. */
  async entriesOf(block: number): Promise<string[]> {
    const rows = await this.database.rows<{ entries: Buffer }>(
      'SELECT entries FROM audit_withdrawal WHERE company_id = $1 AND block = $2 ORDER BY act_id',
      [this.database.companyId, block],
    );
    return rows.map(({ entries }) => entries.toString('base64'));
  }

  /** Every act that took something out of a block behind a number. */
  async acts(behind: number): Promise<Act[]> {
    return this.database.rows<Act>(ACTS, [this.database.companyId, behind]);
  }

  /** What the act took out, digested in the order of blocks. */
  async digestOfAct(actId: string): Promise<string> {
    const hash = beginDigest(actId);
    for (let block = 0; ;) {
      const [row] = await this.database.rows<Withdrawal>(
        `SELECT block::float8 AS block, entries FROM audit_withdrawal
         WHERE company_id = $1 AND act_id = $2 AND block > $3 ORDER BY block LIMIT 1`,
        [this.database.companyId, actId, block],
      );
      if (!row) return hash.digest('hex');
      addTo(hash, row);
      block = row.block;
    }
  }
}

/** The name of the lock under which a company's log is sealed or something taken out of it. */
export function sealLock(companyId: string): string {
  return `audit.seal ${companyId}`;
}

/** What an event names that vouches for withdrawals, in the order of blocks. */
export function digestOf(actId: string, withdrawals: readonly Withdrawal[]): string {
  const hash = beginDigest(actId);
  for (const each of withdrawals) addTo(hash, each);
  return hash.digest('hex');
}

/** Withdrawals by block, of events that say something else now. What no block seals needs none. */
export function replacing(
  events: readonly (Sealed & { readonly block: number | null })[],
): Withdrawal[] {
  return byBlock(events.map((event) => ({ block: event.block, entry: leafOf(event) })));
}

/** Withdrawals by block, of events that are removed. */
export function removing(
  events: readonly { readonly id: string; readonly block: number }[],
): Withdrawal[] {
  return byBlock(
    events.map(({ id, block }) => ({
      block,
      entry: Buffer.concat([Buffer.from(id.replaceAll('-', ''), 'hex'), REMOVED]),
    })),
  );
}

/** Whether the leaf in the place of an event's says that it was removed. */
export function isRemoval(leaf: Buffer): boolean {
  return leaf.subarray(ID_BYTES).equals(REMOVED);
}

function byBlock(entries: readonly { block: number | null; entry: Buffer }[]): Withdrawal[] {
  const found = new Map<number, Buffer[]>();
  for (const { block, entry } of entries) {
    if (block === null) continue;
    const known = found.get(block);
    if (known) known.push(entry);
    else found.set(block, [entry]);
  }
  return [...found.entries()]
    .sort(([a], [b]) => a - b)
    .map(([block, each]) => ({ block, entries: Buffer.concat(each) }));
}

function beginDigest(actId: string): ReturnType<typeof createHash> {
  return createHash('sha256').update(JSON.stringify(['ofitec.withdrawal/1', actId]), 'utf8');
}

function addTo(hash: ReturnType<typeof createHash>, { block, entries }: Withdrawal): void {
  hash.update(`\0${block}\0`).update(entries);
}

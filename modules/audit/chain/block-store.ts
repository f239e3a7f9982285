import { Injectable } from '@nestjs/common';
import { Database } from '#kernel';
import { GENESIS, LEAF_BYTES, SEALED_COLUMNS, valuesOf } from './seal.js';
import type { BlockContent, Sealed } from './seal.js';

/** A block as it is stored. */
export interface Block extends BlockContent {
  readonly hash: Buffer;
}

/** Where the chain of a company ends; number 0 and {@link GENESIS} before the first block. */
export interface Tip {
  readonly number: number;
  readonly hash: Buffer;
  readonly lastTransactionId: string;
  readonly lastEventId: string;
  readonly sealedAt: Date | null;
}

/** An event's place in the order of the chain. */
export type Place = Pick<Tip, 'lastTransactionId' | 'lastEventId'>;

const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';
const BEHIND_ALL = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
const START: Tip = {
  ...{ number: 0, hash: GENESIS, lastTransactionId: '0', lastEventId: BEFORE_ALL, sealedAt: null },
};

const BLOCK = `company_id AS "companyId", number::float8 AS number, sealed_at AS "sealedAt",
  last_transaction_id::text AS "lastTransactionId", last_event_id AS "lastEventId",
  leaves, previous_hash AS "previousHash", hash`;

const TIP = `SELECT number::float8 AS number, hash, last_transaction_id::text AS "lastTransactionId",
    last_event_id AS "lastEventId", sealed_at AS "sealedAt"
  FROM audit_block WHERE company_id = $1 ORDER BY number DESC LIMIT 1`;

const ROOT = `SELECT number::float8 AS number, hash, last_transaction_id::text AS "lastTransactionId",
    last_event_id AS "lastEventId", NULL AS "sealedAt"
  FROM audit_cut WHERE company_id = $1 ORDER BY number DESC LIMIT 1`;

const EVENTS = `SELECT id, transaction_id::text AS "transactionId", ${SEALED_COLUMNS} AS columns, salt
  FROM audit_events_after($1, $2, $3, $4)`;

/** The last transaction before which none is on its way any more. */
const SETTLED = `SELECT ((pg_snapshot_xmin(pg_current_snapshot()))::text::bigint - 1)::text AS last`;

/** The first transaction that has not begun yet. */
const BEGUN = `SELECT (pg_snapshot_xmax(pg_current_snapshot()))::text AS last`;

/** Transactions that are looked through at first. */
const FIRST_STRETCH = 4_000n;

/**
 * Events that the server sorts at once. Each time it looks through all of the stretch, and it holds what it has
 * sorted on its disk until they are fetched, a thousand at a time.
 */
const SORTED_AT_ONCE = 20_000;

/** Events that are read at once. */
const PAGE = 1_000;

/** Where {@link SEALED_COLUMNS} holds the instant. */
const CREATED_AT = 2;

/** The blocks of the context's company, and the events that they are over. */
@Injectable()
export class BlockStore {
  constructor(private readonly database: Database) {}

  /** Every company of the installation. */
  async companies(): Promise<string[]> {
    const rows = await this.database.rowsWithoutCompany<{ id: string }>(
      'SELECT id FROM kernel_company ORDER BY id',
    );
    return rows.map(({ id }) => id);
  }

  /** Where the chain begins: behind what was cut off, or before everything. */
  async root(): Promise<Tip> {
    const [cut] = await this.database.rows<Tip>(ROOT, [this.database.companyId]);
    return cut ?? START;
  }

  async tip(): Promise<Tip> {
    const [tip] = await this.database.rows<Tip>(TIP, [this.database.companyId]);
    return tip ?? START;
  }

  /** Up to so many blocks after a number, in their order. */
  async after(number: number, limit: number): Promise<Block[]> {
    return this.database.rows<Block>(
      `SELECT ${BLOCK} FROM audit_block WHERE company_id = $1 AND number > $2 ORDER BY number LIMIT $3`,
      [this.database.companyId, number, limit],
    );
  }

  /**
   * Adds a block.
   *
   * @throws Error when there is one of that number already, which the lock of sealing forbids
   */
  async add(block: Block): Promise<void> {
    const added = await this.database.change(
      `INSERT INTO audit_block (company_id, number, sealed_at, last_transaction_id, last_event_id,
         events, leaves, previous_hash, hash)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
      [
        ...[block.companyId, block.number, block.sealedAt, block.lastTransactionId],
        ...[block.lastEventId, block.leaves.length / LEAF_BYTES],
        ...[block.leaves, block.previousHash, block.hash],
      ],
    );
    if (added === 0) throw new Error(`Block ${block.number} was added by somebody else.`);
  }

  /**
   * Every event behind a place that no earlier transaction can come before any more, in the order of the
   * chain. For the ambient transaction only. Looked for in stretches of transactions that are as long as the log
   * is dense: to sort all that follows would cost the whole log each time.
   */
  async *settledAfter(tip: Place): AsyncGenerator<Sealed> {
    const [settled] = await this.database.rows<{ last: string }>(SETTLED);
    const last = BigInt(settled?.last ?? 0);
    let place = tip;
    for (let stretch = FIRST_STRETCH; BigInt(place.lastTransactionId) <= last;) {
      const begun = BigInt(place.lastTransactionId);
      const until = begun + stretch < last ? begun + stretch : last;
      let count = 0;
      for await (const event of this.sorted(place, until.toString())) {
        count += 1;
        place = placeOf(event);
        yield event;
      }
      if (count < SORTED_AT_ONCE) {
        if (until === last) return;
        place = { lastTransactionId: until.toString(), lastEventId: BEHIND_ALL };
        if (count < SORTED_AT_ONCE / 4) stretch *= 8n;
      } else {
        const dense = 2n * (BigInt(place.lastTransactionId) - begun);
        stretch = dense > FIRST_STRETCH ? dense : FIRST_STRETCH;
      }
    }
  }

  /** Every event behind one place, up to and with another. For the ambient transaction only. */
  async *within(from: Place, to: Place): AsyncGenerator<Sealed> {
    for (let place = from; ;) {
      let count = 0;
      for await (const event of this.sorted(place, to.lastTransactionId)) {
        if (isBehind(event, to)) return;
        count += 1;
        place = placeOf(event);
        yield event;
      }
      if (count < SORTED_AT_ONCE) return;
    }
  }

  /** {@link SORTED_AT_ONCE} events behind a place, of which this process holds some at a time. */
  private sorted(from: Place, untilTransaction: string): AsyncGenerator<Sealed> {
    return this.database.each<Sealed>(EVENTS, [
      ...[from.lastTransactionId, from.lastEventId, untilTransaction, SORTED_AT_ONCE],
    ]);
  }

  /** The first event behind a place. */
  private async next(tip: Place, last: string): Promise<Sealed | undefined> {
    for (let stretch = FIRST_STRETCH; ; stretch *= 8n) {
      const end = BigInt(tip.lastTransactionId) + stretch;
      const until = end < BigInt(last) ? end : BigInt(last);
      const [event] = await this.between(tip, until.toString(), 1);
      if (event || until === BigInt(last)) return event;
    }
  }

  /** Events behind one place, up to and with a transaction, in the order of the chain. */
  async between(from: Place, untilTransaction: string, limit: number): Promise<Sealed[]> {
    return this.database.rows<Sealed>(EVENTS, [
      ...[from.lastTransactionId, from.lastEventId, untilTransaction, limit],
    ]);
  }

  /** The events of a block's stretch of the log, a page a transaction. */
  async *eventsOf(before: Tip, block: Block): AsyncGenerator<Sealed> {
    for (let place: Place = before; ;) {
      const from = place;
      const page = await this.database.transaction(() =>
        this.between(from, block.lastTransactionId, PAGE),
      );
      for (const event of page) {
        if (isBehind(event, block)) return;
        yield event;
      }
      const last = page.at(-1);
      if (!last || page.length < PAGE || last.id === block.lastEventId) return;
      place = placeOf(last);
    }
  }

  /** When the oldest event that no block holds happened; null when there is none. */
  async oldestUnsealed(): Promise<Date | null> {
    const tip = await this.tip();
    const [now] = await this.database.rows<{ last: string }>(BEGUN);
    const oldest = await this.next(tip, now?.last ?? '0');
    return oldest ? new Date(Number(valuesOf(oldest)[CREATED_AT])) : null;
  }

  /** Whether the chain ends in a transaction that this server has not reached: a dump was restored. */
  async isAhead(tip: Tip): Promise<boolean> {
    const [row] = await this.database.rows<{ ahead: boolean }>(
      `SELECT $1::bigint >= (pg_snapshot_xmax(pg_current_snapshot()))::text::bigint AS ahead`,
      [tip.lastTransactionId],
    );
    return row?.ahead ?? false;
  }
}

/** Whether an event stands behind a place: by transaction, then by id, as PostgreSQL sorts both. */
export function isBehind(
  { id, transactionId }: Pick<Sealed, 'id' | 'transactionId'>,
  place: Place,
): boolean {
  if (transactionId === place.lastTransactionId) return id > place.lastEventId;
  return BigInt(transactionId) > BigInt(place.lastTransactionId);
}

function placeOf({ id, transactionId }: Sealed): Place {
  return { lastTransactionId: transactionId, lastEventId: id };
}

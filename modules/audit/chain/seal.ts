import { createHash, hash } from 'node:crypto';

/** One event as it is sealed: every column, each as the text that {@link SEALED_COLUMNS} reads. */
export interface Sealed {
  readonly id: string;
  readonly transactionId: string;
  /**
   * The columns in their order as a JSON array of texts, null where the row holds none: as
   * `JSON.stringify` writes it, and to the byte as PostgreSQL does.
   */
  readonly columns: string;
  /** Chance that is sealed with the event; null in events from before there was any. */
  readonly salt: string | null;
}

/** A block without its own hash. */
export interface BlockContent {
  readonly companyId: string;
  readonly number: number;
  readonly sealedAt: Date;
  readonly lastTransactionId: string;
  readonly lastEventId: string;
  /** {@link LEAF_BYTES} for each event: its id, then the hash of what it says. */
  readonly leaves: Buffer;
  readonly previousHash: Buffer;
}

export const LEAF_BYTES = 48;
const ID_BYTES = 16;
/** What the first block of a company lies on. */
export const GENESIS = Buffer.alloc(32);

/**
 * Every column of an event as text that does not depend on a session's settings: the instant in
 * milliseconds, JSON as PostgreSQL stores it. All of them as one JSON array: to take an array of texts apart
 * here and to write it as JSON took most of the time of sealing.
 */
export const SEALED_COLUMNS = `array_to_json(ARRAY[id::text, company_id::text,
  (extract(epoch FROM created_at) * 1000)::bigint::text, action, schema_version::text,
  actor_id::text, actor_login, array_to_json(actor_roles)::text, ip, request_id, subject_type,
  subject_id::text, subject_label, changes::text, reason, payload::text, transaction_id::text])::text`;

/**
 * The leaf of an event: its id and SHA-256 over the JSON array of its columns.
 * Where the event has a salt the array begins with it, so that nobody who knows the rest finds a text that
 * was taken out by trying. The name in front keeps a leaf from ever being taken for a block (RFC 9162, section 2.1.1).
 */
export function leafOf(event: Sealed): Buffer {
  const { id, salt, columns } = event;
  const head = salt === null ? '["ofitec.event/1",' : `["ofitec.event/2",${JSON.stringify(salt)},`;
  return Buffer.concat([idBytes(id), hash('sha256', head + columns.slice(1), 'buffer')]);
}

/** The columns of an event one by one. */
export function valuesOf({ columns }: Pick<Sealed, 'columns'>): readonly (string | null)[] {
  return JSON.parse(columns) as (string | null)[];
}

/** The hash of a block: over all that it holds, and so over every block before it. */
export function hashOf(block: BlockContent): Buffer {
  const head = JSON.stringify([
    'ofitec.block/1',
    block.companyId,
    block.number,
    block.sealedAt.toISOString(),
    block.lastTransactionId,
    block.lastEventId,
    block.previousHash.toString('hex'),
  ]);
  return createHash('sha256').update(head, 'utf8').update('\0').update(block.leaves).digest();
}

/** The leaves of a block by the ids of their events, in the block's order. */
export function leavesById(leaves: Buffer): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (let at = 0; at < leaves.length; at += LEAF_BYTES) {
    const leaf = leaves.subarray(at, at + LEAF_BYTES);
    found.set(idOf(leaf), leaf);
  }
  return found;
}

function idBytes(id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}

function idOf(leaf: Buffer): string {
  return leaf
    .toString('hex', 0, ID_BYTES)
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { Block } from '../chain/block-store.js';
import type { Findings } from '../chain/findings.js';
import { hashOf, leafOf, leavesById, valuesOf } from '../chain/seal.js';
import type { Sealed } from '../chain/seal.js';
import { isRemoval } from '../withdrawal/withdrawal-store.js';

const FORMAT = 'ofitec.audit-archive/1';

/** First line of an archive: what of which log it holds. */
export interface ArchiveHead {
  readonly format: typeof FORMAT;
  readonly companyId: string;
  /** The block that the archive goes on from, 0 for the beginning, and the last that it holds. */
  readonly from: { readonly number: number; readonly hash: string };
  readonly to: { readonly number: number; readonly hash: string };
  readonly before: string;
  readonly madeAt: string;
}

/** A line of an archive: a block, what had left it before, its events; or an event that is removed alone. */
export type ArchiveLine =
  | {
      readonly block: Omit<Block, 'sealedAt' | 'leaves' | 'previousHash' | 'hash' | 'companyId'> &
        Sealing;
    }
  | { readonly taken: { readonly block: number; readonly entries: string } }
  | { readonly event: ArchivedEvent; readonly in: number; readonly alone?: true };

/** An event with its columns one by one. */
type ArchivedEvent = Omit<Sealed, 'columns'> & { readonly values: readonly (string | null)[] };

interface Sealing {
  readonly sealedAt: string;
  readonly leaves: string;
  readonly previousHash: string;
  readonly hash: string;
}

/** What reading an archive through told. */
export interface ArchiveReading {
  readonly head: ArchiveHead;
  readonly sha256: string;
  readonly blocks: number;
  readonly events: number;
  /** Events that were removed alone, each with the block that keeps its leaf. */
  readonly alone: readonly { readonly id: string; readonly block: number; readonly leaf: Buffer }[];
}

/** A block as a line. */
export function lineOf(block: Block): ArchiveLine {
  const { number, lastTransactionId, lastEventId } = block;
  const sealing = {
    sealedAt: block.sealedAt.toISOString(),
    leaves: block.leaves.toString('base64'),
    previousHash: block.previousHash.toString('hex'),
    hash: block.hash.toString('hex'),
  };
  return { block: { number, lastTransactionId, lastEventId, ...sealing } };
}

/** An event as a line. */
export function eventLine(event: Sealed, block: number): Extract<ArchiveLine, { event: unknown }> {
  const { id, transactionId, salt } = event;
  return { event: { id, transactionId, values: valuesOf(event), salt }, in: block };
}

/** Writes an archive: JSON lines, gzip, for its owner only, on disk when it returns. @throws Error where there is one */
export async function writeArchive(
  file: string,
  head: Omit<ArchiveHead, 'format'>,
  lines: AsyncIterable<ArchiveLine>,
): Promise<void> {
  async function* text(): AsyncGenerator<string> {
    yield `${JSON.stringify({ format: FORMAT, ...head })}\n`;
    for await (const line of lines) yield `${JSON.stringify(line)}\n`;
  }
  const target = createWriteStream(file, { flags: 'wx', mode: 0o600 });
  await pipeline(Readable.from(text()), createGzip(), target);
  const handle = await open(file, 'r');
  await handle.sync();
  await handle.close();
}

/**
 * Reads an archive through and works out everything that it says: each block's hash and place, each event's leaf.
 *
 * @throws Error for what is no archive, or is cut short or damaged
 */
export async function readArchive(file: string, found: Findings): Promise<ArchiveReading> {
  const hash = createHash('sha256');
  const source = createReadStream(file);
  source.on('data', (chunk) => hash.update(chunk));
  const unpacked = source.pipe(createGunzip());
  source.on('error', (error) => unpacked.destroy(error));
  const reader = new Reader(found);
  for await (const line of createInterface({ input: unpacked, crlfDelay: Infinity })) {
    reader.take(JSON.parse(line));
  }
  return reader.end(hash.digest('hex'));
}

/** Follows the lines of an archive. */
class Reader {
  private head: ArchiveHead | null = null;
  private last = { number: 0, hash: '' };
  private open: {
    number: number;
    leaves: Map<string, Buffer>;
    taken: Map<string, Buffer[]>;
  } | null = null;
  private blocks = 0;
  private events = 0;
  private readonly alone: { id: string; block: number; leaf: Buffer }[] = [];

  constructor(private readonly found: Findings) {}

  take(line: ArchiveHead | ArchiveLine): void {
    if ('format' in line) return this.begin(line);
    if (!this.head) throw new Error('This is no archive of an event log.');
    if ('block' in line) return this.takeBlock(line.block);
    if ('taken' in line) {
      for (const [id, leaf] of leavesById(Buffer.from(line.taken.entries, 'base64'))) {
        this.open?.taken.set(id, [...(this.open.taken.get(id) ?? []), leaf]);
      }
      return undefined;
    }
    return this.takeEvent(line.event, line.in, line.alone ?? false);
  }

  end(sha256: string): ArchiveReading {
    if (!this.head) throw new Error('This is no archive of an event log.');
    this.closeBlock();
    const { head } = this;
    if (this.last.number !== head.to.number || this.last.hash !== head.to.hash) {
      this.found.add({ kind: 'block-missing', block: head.to.number });
    }
    return { head, sha256, blocks: this.blocks, events: this.events, alone: this.alone };
  }

  private begin(head: ArchiveHead): void {
    if (head.format !== FORMAT || this.head) throw new Error('This is no archive of an event log.');
    this.head = head;
    this.last = head.from;
  }

  private takeBlock(line: Extract<ArchiveLine, { block: unknown }>['block']): void {
    this.closeBlock();
    const { number, lastTransactionId, lastEventId } = line;
    const leaves = Buffer.from(line.leaves, 'base64');
    const again = hashOf({
      ...{ companyId: this.head?.companyId ?? '', number, lastTransactionId, lastEventId, leaves },
      sealedAt: new Date(line.sealedAt),
      previousHash: Buffer.from(line.previousHash, 'hex'),
    });
    const follows = number === this.last.number + 1 && line.previousHash === this.last.hash;
    if (!follows || again.toString('hex') !== line.hash) {
      this.found.add({ kind: 'block-changed', block: number });
    }
    this.last = { number, hash: line.hash };
    this.blocks += 1;
    this.open = { number, leaves: leavesById(leaves), taken: new Map() };
  }

  private takeEvent(archived: ArchivedEvent, block: number, alone: boolean): void {
    const event = { ...archived, columns: JSON.stringify(archived.values) };
    this.events += 1;
    if (alone) {
      this.alone.push({ id: event.id, block, leaf: leafOf(event) });
      return;
    }
    const leaf = this.open?.leaves.get(event.id);
    if (!leaf || this.open?.number !== block) {
      this.found.add({ kind: 'event-added', block, eventId: event.id });
      return;
    }
    const says = leafOf(event);
    const stands = [leaf, ...(this.open.taken.get(event.id) ?? [])];
    if (!stands.some((each) => each.equals(says))) {
      this.found.add({ kind: 'event-changed', block, eventId: event.id });
    }
    this.open.leaves.delete(event.id);
  }

  private closeBlock(): void {
    const { open: block } = this;
    if (!block) return;
    for (const eventId of block.leaves.keys()) {
      if (block.taken.get(eventId)?.some(isRemoval)) continue;
      this.found.add({ kind: 'event-missing', block: block.number, eventId });
    }
    this.open = null;
  }
}

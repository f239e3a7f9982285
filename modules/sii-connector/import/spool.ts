import { createHash, randomUUID } from 'node:crypto';
import { open, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { Busy, Problem } from '#kernel';
import { FileCutOff, FileTooLarge } from './import.problems.js';

/** Files that one process keeps on disk at once. */
const MAX_SPOOLED = 4;
// Pieces are small, so that what is made of one is gone before the garbage collector calls it old.
const READ_BYTES = 32 * 1024;

export type Encoding = 'utf-8' | 'windows-1252';

let spooled = 0;

/**
 * A file as it was sent, on disk until it is closed. It is there as a whole before a transaction
 * begins, so that none waits for a slow sender and a transaction that starts again reads it again.
 * It has no name: when the process is killed the file is gone.
 */
export class SpooledFile {
  private constructor(
    private readonly handle: FileHandle,
    readonly bytes: number,
    readonly sha256: string,
    /** UTF-8 when every byte of it is valid so. */
    readonly encoding: Encoding,
    readonly holdsNul: boolean,
  ) {}

  /**
   * Takes what is sent, to its end.
   *
   * @throws Problem FileTooLarge, FileCutOff when the sender goes away, Busy when others are at it
   */
  static async of(source: Readable, maxBytes: number): Promise<SpooledFile> {
    if (spooled >= MAX_SPOOLED) {
      source.resume();
      throw new Problem(Busy, { retryAfterSeconds: 10 });
    }
    spooled += 1;
    try {
      const path = join(tmpdir(), `ofitec-import-${randomUUID()}`);
      const handle = await open(path, 'wx+', 0o600);
      try {
        await unlink(path);
        return await SpooledFile.fill(handle, source, maxBytes);
      } catch (error) {
        await handle.close();
        throw error;
      }
    } catch (error) {
      spooled -= 1;
      throw asProblem(error);
    }
  }

  private static async fill(
    handle: FileHandle,
    source: Readable,
    maxBytes: number,
  ): Promise<SpooledFile> {
    const hash = createHash('sha256');
    const utf8 = new Utf8Check();
    let bytes = 0;
    let holdsNul = false;
    for await (const chunk of source.iterator({ destroyOnReturn: false })) {
      const piece = chunk as Buffer;
      bytes += piece.length;
      if (bytes > maxBytes) {
        // The sender is answered at once; what still comes is thrown away.
        source.resume();
        throw new Problem(FileTooLarge, { extra: { maxBytes } });
      }
      hash.update(piece);
      utf8.look(piece);
      holdsNul ||= piece.includes(0);
      await handle.write(piece);
    }
    const encoding = utf8.end() ? 'utf-8' : 'windows-1252';
    return new SpooledFile(handle, bytes, hash.digest('hex'), encoding, holdsNul);
  }

  /** Its text from the beginning, in pieces, and how far each reaches; without byte order mark. */
  async *texts(): AsyncGenerator<{ text: string; bytesRead: number }> {
    const decoder = new TextDecoder(this.encoding);
    let bytesRead = 0;
    for await (const piece of this.pieces()) {
      bytesRead += piece.length;
      yield { text: decoder.decode(piece, { stream: true }), bytesRead };
    }
  }

  /** All of it; for files that a bound keeps small. */
  async content(): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of this.pieces()) pieces.push(Buffer.from(piece));
    return Buffer.concat(pieces);
  }

  async close(): Promise<void> {
    spooled -= 1;
    await this.handle.close();
  }

  private async *pieces(): AsyncGenerator<Buffer> {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    for (let position = 0; position < this.bytes;) {
      const { bytesRead } = await this.handle.read(buffer, 0, READ_BYTES, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }
}

/** Whether bytes that come in pieces are UTF-8. */
class Utf8Check {
  private readonly decoder = new TextDecoder('utf-8', { fatal: true });
  private isValid = true;

  look(piece: Buffer): void {
    if (this.isValid) this.try(piece);
  }

  end(): boolean {
    if (this.isValid) this.try();
    return this.isValid;
  }

  private try(piece?: Buffer): void {
    try {
      this.decoder.decode(piece, { stream: piece !== undefined });
    } catch {
      this.isValid = false;
    }
  }
}

function asProblem(error: unknown): unknown {
  const { code } = error as { code?: unknown };
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new Problem(Busy, { cause: error, retryAfterSeconds: 60 });
  }
  if (code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNRESET') {
    return new Problem(FileCutOff, { cause: error });
  }
  return error;
}

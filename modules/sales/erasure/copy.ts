import { open, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId, toCsv } from '#kernel';

type Row = Readonly<Record<string, unknown>>;

/** Takes a copy of what is held of a person, a row at a time. */
export interface CopySink {
  /** Another kind of records; its rows follow. */
  begin(name: string, title: string): Promise<void>;
  row(row: Row): Promise<void>;
  end(): Promise<void>;
}

/** Text that is kept back before it is written. */
const PIECE = 65_536;

/** A file that is written in pieces, for its owner only. */
class PieceFile {
  private text = '';

  private constructor(readonly handle: FileHandle) {}

  /** @throws Error where there is one */
  static async create(path: string): Promise<PieceFile> {
    return new PieceFile(await open(path, 'wx+', 0o600));
  }

  async write(text: string): Promise<void> {
    this.text += text;
    if (this.text.length >= PIECE) await this.flush();
  }

  async flush(): Promise<void> {
    await this.handle.appendFile(this.text);
    this.text = '';
  }

  async close(): Promise<void> {
    await this.flush();
    await this.handle.close();
  }
}

/** One JSON document: a list of kinds, each with its rows. */
export class JsonCopy implements CopySink {
  private kinds = 0;
  private rows = 0;

  private constructor(private readonly file: PieceFile) {}

  static async create(path: string): Promise<JsonCopy> {
    const copy = new JsonCopy(await PieceFile.create(path));
    await copy.file.write('[');
    return copy;
  }

  /** A file without a name in the folder for such: it is gone when it is closed, however that comes. */
  static async nameless(): Promise<JsonCopy> {
    const path = join(tmpdir(), `ofitec-copy-${newId()}`);
    const copy = await JsonCopy.create(path);
    await unlink(path);
    return copy;
  }

  async begin(name: string, title: string): Promise<void> {
    const separator = this.kinds > 0 ? ',' : '';
    await this.file.write(
      `${separator}\n{"name":${JSON.stringify(name)},"title":${JSON.stringify(title)},"rows":[`,
    );
    this.kinds += 1;
    this.rows = 0;
  }

  async row(row: Row): Promise<void> {
    await this.file.write(`${this.rows > 0 ? ',' : ''}\n${JSON.stringify(row)}`);
    this.rows += 1;
  }

  async end(): Promise<void> {
    await this.file.write(']}');
  }

  /** @returns the file with all of it, which the caller closes */
  async finish(): Promise<FileHandle> {
    await this.file.write('\n]\n');
    await this.file.flush();
    return this.file.handle;
  }

  async discard(): Promise<void> {
    await this.file.handle.close();
  }
}

/** A folder of files: one of JSON with everything, and one of CSV for each kind. */
export class FolderCopy implements CopySink {
  readonly files: string[] = ['todo.json'];
  private csv: PieceFile | null = null;
  private columns: readonly string[] | null = null;

  private constructor(
    private readonly folder: string,
    private readonly json: JsonCopy,
  ) {}

  static async create(folder: string): Promise<FolderCopy> {
    return new FolderCopy(folder, await JsonCopy.create(join(folder, 'todo.json')));
  }

  async begin(name: string, title: string): Promise<void> {
    await this.json.begin(name, title);
    this.columns = null;
    this.csv = await PieceFile.create(join(this.folder, `${name}.csv`));
    this.files.push(`${name}.csv`);
  }

  async row(row: Row): Promise<void> {
    await this.json.row(row);
    const heads = this.columns ? [] : [Object.keys(row)];
    this.columns ??= Object.keys(row);
    const cells = this.columns.map((column) => cellOf(row[column]));
    await this.csv?.write(toCsv([...heads, cells]));
  }

  async end(): Promise<void> {
    await this.json.end();
    await this.csv?.close();
  }

  async finish(): Promise<void> {
    await (await this.json.finish()).close();
  }
}

function cellOf(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}

import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

export const DUMP = 'ofitec.dump';
export const MANIFEST = 'manifest.json';
const FORMAT = 'ofitec.backup/1';

/** What a table held in the snapshot of the dump. */
export interface TableFigures {
  readonly rows: string;
  /** Sum of a hash of each row: the same rows in any order give the same. */
  readonly digest: string;
  /** Sum of each `bigint` column that holds amounts, in whole pesos. */
  readonly sums: Readonly<Record<string, string>>;
}

/** A login or group of the cluster, without its password. */
export interface Role {
  readonly name: string;
  readonly login: boolean;
  readonly memberOf: readonly string[];
}

/** The last block of a company's audit chain: what `ofitec audit verify --anchor` compares with. */
export interface ChainHead {
  readonly companyId: string;
  readonly number: number;
  readonly hash: string;
}

/** What lies beside a dump and says what must be in it. All of one snapshot: the one that was dumped. */
export interface Manifest {
  readonly format: typeof FORMAT;
  readonly id: string;
  /** The instant of the snapshot. */
  readonly takenAt: string;
  readonly database: {
    readonly name: string;
    /** Of the cluster; a promoted standby has the same, a restored dump another. */
    readonly systemId: string;
    /** The company that was founded first: what tells one installation from another for good. */
    readonly installation: string;
    readonly serverVersion: string;
    readonly collate: string;
    readonly ctype: string;
  };
  readonly dumpedBy: string;
  /** The 64-bit transaction that comes next: a cluster that takes this in must count from beyond it. */
  readonly nextTransaction: string;
  readonly addons: Readonly<Record<string, string>>;
  readonly migrations: readonly string[];
  readonly roles: readonly Role[];
  readonly tables: Readonly<Record<string, TableFigures>>;
  readonly audit: readonly ChainHead[];
  readonly dump: { readonly file: string; readonly bytes: number; readonly sha256: string };
  /** Of all of the above. */
  readonly sha256: string;
}

/** A stored backup is not what it should be; the message says which and how. */
export class DamagedBackup extends Error {}

/** Adds what proves that nobody changed it since. */
export function sealManifest(content: Omit<Manifest, 'format' | 'sha256'>): Manifest {
  const all = { format: FORMAT, ...content } as const;
  return { ...all, sha256: hashOf(all) };
}

/**
 * Reads the manifest of a folder.
 *
 * @throws DamagedBackup when it is missing, empty, no manifest or was edited
 */
export function readManifest(folder: string): Manifest {
  let text: string;
  try {
    text = readFileSync(join(folder, MANIFEST), 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    throw new DamagedBackup(`${folder}: the manifest cannot be read (${code}).`, { cause: error });
  }
  if (text === '') throw new DamagedBackup(`${folder}: the manifest is empty.`);
  // Whatever is JSON: what is torn may still be some.
  const manifest = parse(text, folder) as Manifest | null;
  const { sha256, ...content } = manifest ?? {};
  if (manifest?.format !== FORMAT) throw new DamagedBackup(`${folder}: not a manifest of OFITEC.`);
  if (hashOf(content) !== sha256) {
    throw new DamagedBackup(`${folder}: the manifest was edited; its own hash differs.`);
  }
  return manifest;
}

/**
 * Compares a dump with its manifest, byte by byte.
 *
 * @throws DamagedBackup
 */
export async function verifyDump(folder: string, { dump }: Manifest): Promise<void> {
  const path = join(folder, dump.file);
  const bytes = statSync(path, { throwIfNoEntry: false })?.size;
  if (bytes === undefined) throw new DamagedBackup(`${path}: the dump is missing.`);
  if (bytes === 0) throw new DamagedBackup(`${path}: the dump is empty.`);
  if (bytes < dump.bytes) {
    throw new DamagedBackup(`${path}: the dump is truncated, ${bytes} of ${dump.bytes} bytes.`);
  }
  if ((await hashOfFile(path)) !== dump.sha256) {
    throw new DamagedBackup(`${path}: the dump is corrupt or another one; its hash differs.`);
  }
}

export async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1_048_576 }), hash);
  return hash.digest('hex');
}

/** What differs between what was dumped and what a database holds, in words; empty when nothing does. */
export function differences(
  expected: Readonly<Record<string, TableFigures>>,
  found: Readonly<Record<string, TableFigures>>,
): string[] {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(found)])].sort();
  return names.flatMap((name) => {
    const [was, is] = [expected[name], found[name]];
    if (!was) return [`${name}: is there and was not dumped`];
    if (!is) return [`${name}: is missing`];
    if (was.rows !== is.rows) return [`${name}: ${is.rows} rows instead of ${was.rows}`];
    const sums = Object.keys({ ...was.sums, ...is.sums }).filter(
      (column) => was.sums[column] !== is.sums[column],
    );
    if (sums.length > 0) {
      const [column = ''] = sums;
      return [
        `${name}.${column}: ${is.sums[column] ?? 'nothing'} instead of ${was.sums[column] ?? 'nothing'}`,
      ];
    }
    return was.digest === is.digest ? [] : [`${name}: rows with other content`];
  });
}

function parse(text: string, folder: string): Manifest {
  try {
    return JSON.parse(text) as Manifest;
  } catch (error) {
    throw new DamagedBackup(`${folder}: the manifest is no JSON.`, { cause: error });
  }
}

function hashOf(content: object): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

import type { Document } from '../vault/kv.js';
import { proveDialect, writeDialect } from './dialect.js';
import { discard, draft, publish, readSecretFile, sweep } from './secret-file.js';
import type { Draft } from './secret-file.js';
import type { Targets } from './targets.config.js';

/** A file that was rendered, or would be. */
interface RenderedFile {
  readonly file: string;
  readonly keys: readonly string[];
  readonly state: 'unchanged' | 'written' | 'differs';
}

export interface Rendering {
  /** Of the document in KV. */
  readonly version: number;
  readonly files: readonly RenderedFile[];
  /** Keys of the document that nothing asks for. */
  readonly notRendered: readonly string[];
}

interface Wanted {
  readonly file: string;
  readonly keys: readonly string[];
  readonly content: Buffer;
  readonly prove: (bytes: Buffer) => void;
}

/** Times that it is looked whether another version came meanwhile. */
const LOOKS = 5;
/** No value of a secret is longer. */
const MAX_VALUE_BYTES = 65_536;

/**
 * Writes the secrets of a document into their files: all of them or, when one cannot be written as it
 * is, none.
 *
 * @param check only says which files differ
 * @throws Error that names keys, never values
 */
export function render(document: Document, targets: Targets, check = false): Rendering {
  const keys = [...(targets.env?.keys ?? []), ...targets.files.map(({ key }) => key)];
  const values = valuesOf(document, keys);
  const wanted = contentsOf(targets, values);
  const isStale = wanted.map(({ file, content }) => !readSecretFile(file)?.equals(content));
  const stale = wanted.filter((_, n) => isStale[n]);
  if (!check) {
    write(stale);
    for (const { file } of wanted) sweep(file);
  }
  return {
    version: document.version,
    files: wanted.map(({ file, keys: names }, n) => ({
      ...{ file, keys: names },
      state: isStale[n] ? (check ? 'differs' : 'written') : 'unchanged',
    })),
    notRendered: Object.keys(document.data)
      .filter((key) => !keys.includes(key))
      .sort(),
  };
}

/**
 * Renders what is newest, also when several programs do so at once: whoever has written looks again, so
 * that one which stood still between reading and writing leaves no older version behind.
 *
 * @param read gives the document as it is now
 */
export async function renderNewest(
  read: () => Promise<Document>,
  targets: Targets,
  check = false,
): Promise<Rendering> {
  let last = render(await read(), targets, check);
  const written = new Set<string>();
  const looks = check ? 0 : LOOKS;
  for (let look = 1; look < looks; look += 1) {
    const files = last.files.filter(({ state }) => state === 'written');
    for (const { file } of files) written.add(file);
    if (files.length === 0) break;
    // What is written is written, also when Vault goes away now.
    const now = await read().catch(() => null);
    if (!now || now.version === last.version) break;
    last = render(now, targets);
  }
  const files = last.files.map((each) =>
    written.has(each.file) ? ({ ...each, state: 'written' } as const) : each,
  );
  return { ...last, files };
}

function valuesOf({ data }: Document, keys: readonly string[]): Map<string, string> {
  const missing = keys.filter((key) => !Object.hasOwn(data, key));
  if (missing.length > 0) throw new Error(`Vault has no ${missing.join(', ')}.`);
  const values = new Map<string, string>();
  for (const key of keys) {
    const value = data[key];
    if (typeof value !== 'string' || value === '') throw new Error(`${key} is no text, or empty.`);
    if (Buffer.byteLength(value) > MAX_VALUE_BYTES) throw new Error(`${key} is too long.`);
    values.set(key, value);
  }
  return values;
}

function contentsOf({ env, files }: Targets, values: ReadonlyMap<string, string>): Wanted[] {
  const ofFiles = files.map(({ key, file }) => {
    const content = Buffer.from(values.get(key) ?? '');
    const prove = (): void => undefined;
    return { file, keys: [key], content, prove };
  });
  if (!env) return ofFiles;
  const own = new Map(env.keys.map((key) => [key, values.get(key) ?? '']));
  const content = Buffer.from(writeDialect(own));
  const prove = (bytes: Buffer): void => proveDialect(bytes, own);
  return [{ file: env.file, keys: env.keys, content, prove }, ...ofFiles];
}

function write(wanted: readonly Wanted[]): void {
  const drafts: Draft[] = [];
  try {
    for (const { file, content, prove } of wanted) drafts.push(draft(file, content, prove));
    publish(drafts);
  } catch (error) {
    discard(drafts);
    throw error;
  }
}

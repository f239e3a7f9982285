import { readDialect } from './dialect.js';
import { readSecretFile } from './secret-file.js';
import type { Targets } from './targets.config.js';

/**
 * What was rendered, read back from its files: the other way round.
 *
 * @throws Error that names the files which are not there whole
 */
export function gather({ env, files }: Targets): Map<string, string> {
  const values = new Map<string, string>();
  const missing: string[] = [];
  const read = (file: string): string | null => {
    const text = readSecretFile(file)?.toString('utf8') ?? '';
    if (text === '') missing.push(file);
    return text === '' ? null : text;
  };
  const lines = env ? read(env.file) : null;
  const known = lines === null ? new Map<string, string>() : readDialect(lines);
  for (const key of env?.keys ?? []) {
    const value = known.get(key);
    if (value !== undefined) values.set(key, value);
    else if (env && lines !== null) missing.push(`${key} in ${env.file}`);
  }
  for (const { key, file } of files) {
    const value = read(file);
    if (value !== null) values.set(key, value);
  }
  if (missing.length === 0) return values;
  throw new Error(`Not there, or readable by others: ${missing.join(', ')}. Nothing was written.`);
}

import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { to as copyTo } from 'pg-copy-streams';
import { clientTo } from './servers.js';

/**
 * Writes whole tables to CSV files, one a table, with COPY as the owner (who is bound by no
 * policy). Files are readable by their owner only.
 *
 * @returns the files written
 */
export async function exportTables(
  ownerUrl: string,
  tables: readonly string[],
  folder: string,
): Promise<string[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const client = clientTo(ownerUrl);
  await client.connect();
  try {
    const files: string[] = [];
    for (const table of tables) {
      const file = join(folder, `${table}.csv`);
      const rows = client.query(
        copyTo(`COPY ${client.escapeIdentifier(table)} TO STDOUT WITH (FORMAT csv, HEADER)`),
      );
      await pipeline(rows, createWriteStream(file, { mode: 0o600 }));
      files.push(file);
    }
    return files;
  } finally {
    await client.end();
  }
}

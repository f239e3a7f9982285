import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { writeWhole } from '../files/whole-file.js';
import { clientTo } from './servers.js';

/**
 * Writes whole tables to CSV files, one a table, with COPY as the owner (who is bound by no
 * policy). Files are readable by their owner only, and there only when they are whole: one that was cut
 * short opens as well as any other.
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
  // A connection that is cut fails the COPY as well, which says so.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const files: string[] = [];
    for (const table of tables) {
      const file = join(folder, `${table}.csv`);
      await writeWhole(file, copyOf(client, table), 0o600);
      files.push(file);
    }
    return files;
  } finally {
    await client.end();
  }
}

/** Asked for with the first row and not before: an answer that nobody listens to yet would be lost, and so would we. */
async function* copyOf(client: Client, table: string): AsyncGenerator<Buffer> {
  const name = client.escapeIdentifier(table);
  yield* client.query(copyTo(`COPY ${name} TO STDOUT WITH (FORMAT csv, HEADER)`));
}

import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { dropDatabase, kernel, makeDatabase, waitsForLock } from '#test';
import type { TestUrls } from '#test';

const { exportTables } = kernel;

/** Of a kilobyte each, so that the first are on their way long before the last is read. */
const ROWS = 20_000;

/** What is written before an addon's tables are dropped: later it is all that is left of them. */
describe('the files of a purge', () => {
  const name = `export_${randomBytes(6).toString('hex')}`;
  let urls: TestUrls;
  let superuser: Client;
  let folder: string;

  beforeAll(async () => {
    urls = await makeDatabase(name, 'empty');
    superuser = new Client({ connectionString: urls.superuser });
    await superuser.connect();
    // A value of a type that nobody can write any more: as a damaged page, it is found when it is read.
    await superuser.query(`
      CREATE TYPE mood AS ENUM ('calm', 'gone');
      CREATE TABLE whole (id integer, note text);
      INSERT INTO whole VALUES (1, 'a "quoted", word'), (2, NULL);
      CREATE TABLE torn AS SELECT n AS id, repeat('x', 1000) AS filling,
        (CASE n WHEN ${ROWS} THEN 'gone' ELSE 'calm' END)::mood AS mood
        FROM generate_series(1, ${ROWS}) n;
      DELETE FROM pg_enum WHERE enumlabel = 'gone' AND enumtypid = 'mood'::regtype;
      GRANT ALL ON whole, torn TO ofitec_owner`);
  });

  afterAll(async () => {
    await superuser.end();
    await dropDatabase(name);
  });

  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), 'ofitec-export-')), 'files');
  });

  afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

  it('are whole, in one piece and of their owner alone', async () => {
    const file = join(folder, 'whole.csv');
    expect(await exportTables(urls.owner, ['whole'], folder)).toEqual([file]);
    expect(readFileSync(file, 'utf8')).toBe('id,note\n1,"a ""quoted"", word"\n2,\n');
    expect(readdirSync(folder)).toEqual(['whole.csv']);
    expect([statSync(file).mode & 0o777, statSync(folder).mode & 0o777]).toEqual([0o600, 0o700]);
  });

  it('are not there of a table that cannot be read to its end; those before it stay', async () => {
    let seen: string[] = [];
    const looking = setInterval(() => {
      seen = [...new Set([...seen, ...namesIn(folder)])];
    }, 1);
    try {
      await expect(exportTables(urls.owner, ['whole', 'torn'], folder)).rejects.toThrow(/enum/);
    } finally {
      clearInterval(looking);
    }
    // It had begun: rows were written, and under another name.
    expect(seen).toContainEqual(expect.stringMatching(/^torn\.csv\..+/));
    expect(seen).not.toContain('torn.csv');
    expect(readdirSync(folder)).toEqual(['whole.csv']);
  });

  it('are not there when the server ends the connection, and the process lives on', async () => {
    await superuser.query('BEGIN; LOCK TABLE torn');
    const exported = exportTables(urls.owner, ['whole', 'torn'], folder);
    exported.catch(() => undefined);
    await waitsForLock(urls.superuser);
    await superuser.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE 'COPY%'`);
    await superuser.query('ROLLBACK');
    await expect(exported).rejects.toThrow(/terminat/);
    expect(readdirSync(folder)).toEqual(['whole.csv']);
  });

  it('are refused in words for a table that is not there', async () => {
    await expect(exportTables(urls.owner, ['nothing'], folder)).rejects.toThrow(/"nothing"/);
    expect(readdirSync(folder)).toEqual([]);
  });
});

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

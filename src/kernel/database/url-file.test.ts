import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Pool } from 'pg';
import { dropDatabase, makeDatabase, until } from '#test';
import type { TestUrls } from '#test';
import { clientTo, connecting } from './servers.js';
import { followFile } from './url-file.js';

const DATABASE = 'test_url_file';

/** New connections use what the file holds when they are made. */
describe('a database whose credentials are in a file', () => {
  let urls: TestUrls;
  let folder: string;
  let file: string;
  const write = (url: string): void => {
    writeFileSync(`${file}.new`, `${url}\n`);
    renameSync(`${file}.new`, file);
  };
  const login = async (client: Client): Promise<string> => {
    await client.connect();
    const { rows } = await client.query<{ name: string }>('SELECT current_user AS name');
    await client.end();
    return rows[0]?.name ?? '';
  };

  beforeAll(async () => {
    urls = await makeDatabase(DATABASE, 'empty');
    folder = mkdtempSync(join(tmpdir(), 'ofitec-test-url-'));
    file = join(folder, 'url');
    write(urls.application);
    followFile(urls.application, file, 1);
  });

  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await dropDatabase(DATABASE);
  });

  it.each([
    ['one server', (url: string) => url],
    ['several', (url: string) => url.replace(/@([^/]+)\//, '@127.0.0.1:1,$1/')],
  ])('is followed to %s', async (_, shape) => {
    write(shape(urls.application));
    expect(await login(clientTo(urls.application))).toBe('ofitec_app');
    write(shape(urls.readonly));
    expect(await login(clientTo(urls.application))).toBe('ofitec_readonly');
    for (const rubbish of ['', 'half a', 'mysql://x@y/z']) {
      write(rubbish);
      expect(await login(clientTo(urls.application))).toBe('ofitec_readonly');
    }
    rmSync(file);
    expect(await login(clientTo(urls.application))).toBe('ofitec_readonly');
  });

  it('lets the connections of a pool end within their life', async () => {
    write(urls.application);
    const pool = new Pool({ ...connecting(urls.application), max: 2 });
    const users: string[] = [];
    const ask = async (): Promise<string> => {
      const { rows } = await pool.query<{ name: string }>('SELECT current_user AS name');
      return rows[0]?.name ?? '';
    };
    users.push(await ask());
    write(urls.readonly);
    await until(
      'the new login',
      async () => users.push(await ask()) > 0 && users.at(-1) !== users[0],
    );
    expect([...new Set(users)]).toEqual(['ofitec_app', 'ofitec_readonly']);
    await pool.end();
  });

  it('leaves other URLs alone', async () => {
    expect(await login(clientTo(urls.owner))).toBe('ofitec_owner');
    expect(connecting(urls.owner)).toEqual({ connectionString: urls.owner });
  });
});

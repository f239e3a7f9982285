import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { dropDatabase, makeDatabase, runCli } from '#test';
import type { TestUrls } from '#test';

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly phase?: 'contract';
}

interface Checked {
  readonly code: number | null;
  readonly others: readonly string[];
  /** By the migration's name. */
  readonly verdicts: Readonly<Record<string, string>>;
}

const FIRST = { name: 'First0001', sql: 'CREATE TABLE acme_stamps_card (id uuid, note text)' };
const GROWS = { name: 'Grows0002', sql: 'ALTER TABLE acme_stamps_card ADD COLUMN remark text' };
const SHRINKS = {
  ...{ name: 'Shrinks0003', sql: 'ALTER TABLE acme_stamps_card DROP COLUMN note' },
  phase: 'contract',
} as const;
const LIES = { name: 'Lies0004', sql: 'ALTER TABLE acme_stamps_card RENAME remark TO word' };

/** What `ofitec release check` ends with; the next step of a release is decided by it. */
describe('ofitec release check', () => {
  const name = `release_check_${randomBytes(6).toString('hex')}`;
  const folder = mkdtempSync(join(tmpdir(), 'ofitec-release-check-'));
  const serving: Client[] = [];
  let urls: TestUrls;

  beforeAll(async () => {
    urls = await makeDatabase(name, 'demo');
    code([FIRST]);
    const { code: installed } = await runCli(['addon', 'install', 'acme-stamps'], env());
    expect(installed).toBe(0);
  });

  afterEach(async () => {
    for (const client of serving.splice(0)) await client.end();
  });

  afterAll(async () => {
    await dropDatabase(name);
    rmSync(folder, { recursive: true, force: true });
  });

  const env = (given: TestUrls = urls): Record<string, string> => ({
    ...{ DATABASE_URL: given.application, DATABASE_OWNER_URL: given.owner },
    ...{ SECRET_KEY: randomBytes(48).toString('base64url'), LOG_LEVEL: 'error' },
    ...{ OFITEC_RELEASE: 'r2', OFITEC_ADDONS: join(folder, 'stamps.mjs') },
  });

  /** The code of the newer release: an addon with so many migrations, and maybe one that it came to need. */
  function code(migrations: readonly Migration[], needed: readonly Migration[] = []): void {
    const made = (all: readonly Migration[]): string =>
      all
        .map(
          ({ name, sql, phase = 'expand' }) => `class {
            name = ${JSON.stringify(name)};
            phase = ${JSON.stringify(phase)};
            async up(runner) { await runner.query(${JSON.stringify(sql)}); }
            async down() {}
          }`,
        )
        .join(',');
    const common = `version: '0.1.0', summary: 'stamps', module: class {}`;
    const paper = `defineAddon({ name: 'acme-paper', ${common}, migrations: [${made(needed)}] })`;
    const text = `import { defineAddon } from '${pathToFileURL(resolve('dist/src/index.js')).href}';
      const depends = [${needed.length > 0 ? paper : ''}];
      export default defineAddon({ name: 'acme-stamps', depends, ${common}, migrations: [${made(migrations)}] });`;
    writeFileSync(join(folder, 'stamps.mjs'), text);
  }

  /** A process of a release that is connected to the database. */
  async function serves(application: string): Promise<void> {
    const client = new Client({
      ...{ connectionString: urls.application, application_name: application },
    });
    serving.push(client);
    await client.connect();
  }

  async function check(given: TestUrls = urls): Promise<Checked> {
    const { code, output } = await runCli(['release', 'check', '--json'], env(given));
    const said = JSON.parse(output) as {
      release: string;
      others: string[];
      pending: { migration: string; verdict: string }[];
    };
    expect(said.release).toBe('r2');
    const verdicts = said.pending.map(({ migration, verdict }) => [migration, verdict]);
    return { code, others: said.others, verdicts: Object.fromEntries(verdicts) };
  }

  it('ends with 0 where nothing is pending, whoever serves', async () => {
    code([FIRST]);
    await serves('ofitec http r1');
    expect(await check()).toEqual({ code: 0, others: ['r1'], verdicts: {} });
  });

  it('ends with 0 for what only adds, while an older release serves', async () => {
    code([FIRST, GROWS]);
    await serves('ofitec http r1');
    const verdicts = { Grows0002: 'may run while the older release serves' };
    expect(await check()).toEqual({ code: 0, others: ['r1'], verdicts });
  });

  it('ends with 2 while another release is connected that a migration takes something from', async () => {
    code([FIRST, GROWS, SHRINKS]);
    await serves('ofitec http r2');
    const free = await check();
    expect([free.code, free.others]).toEqual([0, []]);
    expect(free.verdicts['Shrinks0003']).toBe('may run now');
    // A worker reads and writes as well.
    await serves('ofitec worker r1');
    const held = await check();
    expect([held.code, held.others]).toEqual([2, ['r1']]);
    expect(held.verdicts).toEqual({
      Grows0002: 'may run while the older release serves',
      Shrinks0003: 'waits until nobody runs r1',
    });
  });

  it('ends with 1 for what contracts and does not say so, nobody connected or something waiting', async () => {
    code([FIRST, GROWS, LIES]);
    const wrong = 'marked wrong: it contracts and must say phase = contract';
    const alone = await check();
    expect([alone.code, alone.verdicts['Lies0004']]).toEqual([1, wrong]);
    code([FIRST, GROWS, SHRINKS, LIES]);
    await serves('ofitec http r1');
    const both = await check();
    expect([both.code, both.verdicts['Lies0004']]).toEqual([1, wrong]);
    expect(both.verdicts['Shrinks0003']).toBe('waits until nobody runs r1');
  });

  it('reads what a migration would bring that nobody installed: an addon that is needed now', async () => {
    code([FIRST], [{ name: 'Paper0001', sql: 'DROP TABLE acme_stamps_card' }]);
    const { code: ended, verdicts } = await check();
    expect(Object.keys(verdicts)).toEqual(['Paper0001']);
    expect(ended).toBe(1);
  });

  it('ends with 0 where nothing was ever migrated, since nobody serves there', async () => {
    code([FIRST, GROWS, SHRINKS, LIES]);
    const empty = `${name}_empty`;
    try {
      const found = await check(await makeDatabase(empty, 'empty'));
      expect(found).toEqual({ code: 0, others: [], verdicts: {} });
    } finally {
      await dropDatabase(empty);
    }
  });

  it('ends with 1 and says why when the database cannot be asked', async () => {
    code([FIRST]);
    const gone = { ...env(), DATABASE_URL: 'postgres://ofitec_app:x@127.0.0.1:9/ofitec' };
    const { code: ended, output } = await runCli(['release', 'check'], gone);
    expect([ended, output]).toEqual([1, expect.stringMatching(/ECONNREFUSED/)]);
  });

  it('tells its codes', async () => {
    const { code: ended, output } = await runCli(['release', 'check', '--help'], env());
    expect([ended, output.replaceAll(/\s+/g, ' ')]).toEqual([
      0,
      expect.stringContaining(
        'exit 1 when one is marked wrong or nothing could be asked, 2 when one has to wait',
      ),
    ]);
  });
});

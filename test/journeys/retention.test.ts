import {
  mkdtempSync,
  rmSync,
  writeFileSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  copyFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Client as Connection } from 'pg';
import { chain, House, kernel, shop, takeOrder, verb } from '#test';
import type { Client, Shop } from '#test';
import type { Cut, CutService } from '../../modules/audit/cut/cut.service.js';

const PATIENCE = 240_000;

/** What is old enough leaves the log for an archive, and nothing else can leave it unseen. */
describe('retention of the event log', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ofitec-archive-'));
  let house: House;
  let admin: Client;
  let vendedora: Client;
  let centro: Shop;
  let companyId: string;
  let anchor: string;
  let cut: Cut | null;

  const asSuperuser = (sql: string): Promise<object[]> =>
    house.rows('superuser', `SET session_replication_role = 'replica'; ${sql}`);
  const inCompany = <T>(work: () => Promise<T>): Promise<T> =>
    kernel.runAsHouse(companyId, 'test', work);
  const service = (): CutService => chain.cutter(house);
  const number = async (sql: string): Promise<number> =>
    Number((await house.rows<{ n: string }>('superuser', `SELECT (${sql})::text AS n`))[0]?.n);
  const events = (where: string): Promise<number> =>
    number(`SELECT count(*) FROM kernel_event WHERE ${where}`);

  beforeAll(async () => {
    house = await House.open();
    [admin, vendedora] = [await house.as('admin'), await house.as('vendedora')];
    centro = await shop(vendedora);
    companyId = String((await admin.get('base/company')).body.id);
    await takeOrder(vendedora, centro, 1);
    // Nothing is sealed yet: this is how a past of nine years looks.
    await asSuperuser(`UPDATE kernel_event SET created_at = created_at - interval '108 months'`);
    anchor = await chain.seal(house);
    // A block of two classes: who signed in three years ago, and what was sold then.
    await house.as('encargada');
    await takeOrder(vendedora, centro, 1);
    await asSuperuser(
      `UPDATE kernel_event SET created_at = created_at - interval '36 months' WHERE created_at > now() - interval '1 day'`,
    );
    await chain.seal(house);
    await takeOrder(vendedora, centro, 1);
    await chain.seal(house);
    expect(await chain.verify(house)).toEqual([]);
  }, PATIENCE);

  it('keeps money and taxes as long as the law says, whatever a company wants', async () => {
    const put = (value: number): ReturnType<Client['put']> =>
      admin.put('base/settings/RETENTION_TAX_MONTHS', { value }, 0);
    expect((await put(87)).status).toBe(422);
    expect((await put(96)).status).toBe(200);
    const before = await events('true');
    // Nor does the database let the application cut what is younger, with or without a record of it.
    const asApplication = (sql: string): Promise<object[]> =>
      house.rows('application', sql, { companyId });
    await expect(asApplication('SELECT audit_cut_prefix(2)')).rejects.toThrow('no rows');
    await expect(
      asApplication(`WITH record AS (INSERT INTO audit_cut SELECT company_id, number, hash, last_transaction_id,
          last_event_id, gen_random_uuid(), hash FROM audit_block WHERE number = 2)
        SELECT 1`).then(() => asApplication('SELECT audit_cut_prefix(2)')),
    ).rejects.toThrow('the law keeps');
    await asSuperuser('DELETE FROM audit_cut');
    // An hour too young for the law, in a block whose other events are old enough.
    const one = `id = (SELECT encode(substr(leaves, 1, 16), 'hex')::uuid FROM audit_block WHERE number = 1)`;
    await asSuperuser(`CREATE TABLE kept_event AS SELECT id, created_at FROM kernel_event WHERE ${one};
      UPDATE kernel_event SET created_at = now() - interval '88 months' + interval '1 hour' WHERE ${one};
      INSERT INTO audit_cut SELECT company_id, number, hash, last_transaction_id, last_event_id,
        gen_random_uuid(), hash FROM audit_block WHERE number = 1`);
    await expect(asApplication('SELECT audit_cut_prefix(1)')).rejects.toThrow('the law keeps');
    await asSuperuser(`DELETE FROM audit_cut; UPDATE kernel_event e SET created_at = k.created_at FROM kept_event k
      WHERE k.id = e.id; DROP TABLE kept_event`);
    await expect(asApplication('DELETE FROM kernel_event')).rejects.toThrow('permission denied');
    expect(await events('true')).toBe(before);
  });

  /** What the door answers whoever calls it as the application, for an event of so many days; nothing stays. */
  async function door(action: string, age: string): Promise<string> {
    const connection = new Connection({ connectionString: house.urls.application });
    await connection.connect();
    const [id, act] = [kernel.newId(), kernel.newId()];
    try {
      await connection.query('BEGIN');
      await connection.query(`SELECT set_config('ofitec.company_id', $1, true)`, [companyId]);
      await connection.query(
        `INSERT INTO kernel_event (id, company_id, created_at, action, schema_version, actor_login, actor_roles,
           request_id, subject_type, subject_id, subject_label, changes, payload)
         VALUES ($1, $2, now() - $3::interval, $4, 1, 'x', '{}', '', 'x.y', $1, 'x', '{}', '{}')`,
        [id, companyId, age, action],
      );
      await connection.query(
        `INSERT INTO audit_withdrawal VALUES ($1, $2, 1, decode($3 || repeat('00', 32), 'hex'))`,
        [companyId, act, id.replaceAll('-', '')],
      );
      const { rows } = await connection.query<{ n: string }>(
        'SELECT audit_remove_withdrawn($1)::text AS n',
        [act],
      );
      return `removed ${rows[0]?.n}`;
    } catch (error) {
      return String(error);
    } finally {
      await connection.end();
    }
  }

  it.each([
    ['tax', 88],
    ['security', 12],
    ['personal', 3],
    ['technical', 3],
  ] as const)(
    'removes no event of the class %s within %i months, whoever opens the door',
    async (kept, months) => {
      const names = house.app.get(kernel.AddonRegistry).retentionOf(kept);
      const action = names[0] ?? '';
      expect(await door(action, `${months} months -1 hour`)).toContain('for longer by their class');
      expect(await door(action, `${months} months 1 hour`)).toBe('removed 1');
      const told = await house.rows<{ action: string }>(
        'owner',
        'SELECT action FROM audit_floors() WHERE months = $1 AND action = ANY($2)',
        { values: [months, names] },
      );
      // Tax is what nobody says anything else of: it is not listed.
      expect(told).toHaveLength(kept === 'tax' ? 0 : names.length);
    },
  );

  it('keeps what no addon declares as long as tax papers, and lets nobody declare less', async () => {
    expect(await door('nobody.knows', '87 months')).toContain('for longer by their class');
    expect(await door('nobody.knows', '89 months')).toBe('removed 1');
    const declare = `UPDATE kernel_addon SET retention = '{"order.created": "technical"}'`;
    await expect(house.rows('application', declare)).rejects.toThrow('permission denied');
    await expect(house.rows('application', 'SELECT * FROM audit_floors()')).rejects.toThrow(
      'permission denied',
    );
  });

  it('takes nothing out that no archive holds, and says before what would go', async () => {
    const plan = await inCompany(() => service().plan(new Date()));
    expect(plan).toMatchObject({ last: { number: 1 }, blocks: 1 });
    expect(plan.events).toBe(await events(`created_at < now() - interval '100 months'`));
    expect(plan.alone.length).toBe(
      await events(
        `action LIKE 'session.%' AND created_at BETWEEN now() - interval '40 months' AND now() - interval '30 months'`,
      ),
    );
    expect(plan.alone.length).toBeGreaterThan(0);
    const blocks = await number('SELECT count(*) FROM audit_block');
    await expect(
      inCompany(() => service().cut(new Date(), join(folder, 'is not there'))),
    ).rejects.toThrow('ENOENT');
    expect(await number('SELECT count(*) FROM audit_block')).toBe(blocks);
    expect(await chain.verify(house)).toEqual([]);
  });

  it.each([
    [
      'an event',
      `UPDATE kernel_event SET subject_label = subject_label || '!' WHERE id =
         (SELECT encode(substr(leaves, 1, 16), 'hex')::uuid FROM audit_block WHERE number = 1)`,
      'event-changed in block 1',
    ],
    [
      'a block',
      `UPDATE audit_block SET sealed_at = sealed_at + interval '1 ms' WHERE number = 1`,
      'block-changed in block 1',
    ],
  ])('removes nothing of a log in which %s was changed', async (_, sql, kind) => {
    const back = sql.includes('audit_block SET')
      ? sql.replace('+ interval', '- interval')
      : sql.replace(`subject_label || '!'`, `left(subject_label, -1)`);
    const before = await events('true');
    const elsewhere = mkdtempSync(join(tmpdir(), 'ofitec-archive-'));
    await asSuperuser(sql);
    try {
      await expect(inCompany(() => service().cut(new Date(), elsewhere))).rejects.toThrow(kind);
      expect(await events('true')).toBe(before);
    } finally {
      await asSuperuser(back);
      rmSync(elsewhere, { recursive: true });
    }
    expect(await chain.verify(house)).toEqual([]);
  });

  it('archives, removes, and still proves the rest; the archive proves what is gone', async () => {
    const sold = await events(`action = 'order.created'`);
    cut = await inCompany(() => service().cut(new Date(), folder));
    expect(cut).toMatchObject({ number: 1 });
    expect(await events(`created_at < now() - interval '100 months'`)).toBe(0);
    expect(await number('SELECT min(number) FROM audit_block')).toBe(2);
    // What was sold three years ago is still there, in the block whose sign-ins are gone.
    expect(await events(`action = 'order.created'`)).toBe(sold - 1);
    expect(await chain.verify(house)).toEqual([]);
    expect(await chain.verify(house, anchor)).toEqual([]);
    const another = `1:${'ab'.repeat(32)}`;
    expect(await chain.verify(house, another)).toEqual(['anchor-differs in block 1']);
    await takeOrder(vendedora, centro, 1);
    await chain.seal(house);
    expect(await chain.verify(house)).toEqual([]);
    expect(await inCompany(() => service().cut(new Date(), folder))).toBeNull();
    expect(readdirSync(folder)).toHaveLength(1);
    expect(statSync(cut?.archive ?? '').mode & 0o077).toBe(0);
    const [told] = (await admin.get('audit/events?action=audit_log.cut')).body.items as {
      payload: object;
    }[];
    expect(told?.payload).toMatchObject({ number: 1, archiveSha256: cut?.sha256 });
  });

  it('tells an archive that is whole from one that is not', async () => {
    const whole = cut?.archive ?? '';
    const short = join(folder, 'short.jsonl.gz');
    copyFileSync(whole, short);
    truncateSync(short, readFileSync(short).length - 20);
    const good = await verb(house, 'audit', 'verify', '--archive', whole);
    expect([good.code, JSON.parse(good.output)]).toEqual([
      0,
      expect.objectContaining({ archives: [expect.objectContaining({ blocks: 1 })] }),
    ]);
    const bad = await verb(house, 'audit', 'verify', '--archive', short);
    expect([bad.code, bad.output]).toEqual([1, expect.stringContaining('short.jsonl.gz')]);
  });

  it('finds what was edited in an archive, in a block and of what was removed alone', async () => {
    const lines = gunzipSync(readFileSync(cut?.archive ?? ''))
      .toString()
      .split('\n');
    const edited = async (isChosen: (line: string) => boolean): Promise<string[]> => {
      const at = lines.findIndex((line) => line.includes('"event"') && isChosen(line));
      expect(at).toBeGreaterThan(0);
      const forged = lines.with(at, (lines[at] ?? '').replace('"values":["', '"values":["x'));
      const file = join(folder, 'forged.jsonl.gz');
      writeFileSync(file, gzipSync(forged.join('\n')));
      return inCompany(() => chain.checkArchive(house, file));
    };
    const isAlone = (line: string): boolean => line.includes('"alone":true');
    for (const [isChosen, kind] of [
      [isAlone, 'event-changed in block 2'],
      [(line: string): boolean => !isAlone(line), 'event-changed in block 1'],
    ] as const) {
      const found = await edited(isChosen);
      expect(found).toContainEqual(expect.stringContaining(kind));
      expect(found).toContainEqual(expect.stringContaining('cut-false'));
    }
    expect(await inCompany(() => chain.checkArchive(house, cut?.archive ?? ''))).toEqual([]);
  });

  it.each([
    [
      'an edited record of the cut',
      `UPDATE audit_cut SET archive_sha256 = sha256('x')`,
      'cut-false',
    ],
    ['another hash for its root', `UPDATE audit_cut SET hash = sha256('x')`, 'block-changed'],
    ['no record of the cut', 'DELETE FROM audit_cut', 'block-missing in block 1'],
    [
      'a cut beyond the record',
      `DELETE FROM kernel_event WHERE (transaction_id::text)::bigint <= (SELECT last_transaction_id FROM audit_block WHERE number = 2);
       DELETE FROM audit_block WHERE number = 2`,
      'block-missing in block 2',
    ],
    [
      'one more event gone from a thinned block',
      `DELETE FROM kernel_event WHERE id = (SELECT id FROM kernel_event WHERE action = 'order.created' ORDER BY created_at LIMIT 1)`,
      'event-missing in block 2',
    ],
    ['a withdrawal struck out', 'DELETE FROM audit_withdrawal', 'event-missing in block 2'],
    [
      'a withdrawal of more',
      `UPDATE audit_withdrawal SET entries = entries || substr(entries, 1, 48)`,
      'withdrawal-false',
    ],
  ])('shows %s', async (_, sql, kind) => {
    const tables = ['audit_cut', 'audit_block', 'audit_withdrawal', 'kernel_event'];
    await asSuperuser(
      [...tables.map((name) => `CREATE TABLE kept_${name} AS SELECT * FROM ${name}`), sql].join(
        ';',
      ),
    );
    try {
      expect(await chain.verify(house)).toContainEqual(expect.stringContaining(kind));
    } finally {
      await asSuperuser(
        tables
          .map(
            (name) =>
              `DELETE FROM ${name}; INSERT INTO ${name} SELECT * FROM kept_${name}; DROP TABLE kept_${name}`,
          )
          .join(';'),
      );
    }
    expect(await chain.verify(house)).toEqual([]);
  });
});

import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  copyFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { chain, House, kernel, runCli, shop, takeOrder } from '#test';
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
    await expect(asApplication('DELETE FROM kernel_event')).rejects.toThrow('permission denied');
    expect(await events('true')).toBe(before);
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

  it(
    'tells an archive that is whole from one that is not',
    async () => {
      const env = { DATABASE_URL: house.urls.application, DATABASE_OWNER_URL: house.urls.owner };
      const whole = cut?.archive ?? '';
      const short = join(folder, 'short.jsonl.gz');
      copyFileSync(whole, short);
      truncateSync(short, readFileSync(short).length - 20);
      const good = await runCli(['audit', 'verify', '--archive', whole, '--json'], env);
      expect([good.code, JSON.parse(good.output)]).toEqual([
        0,
        expect.objectContaining({ archives: [expect.objectContaining({ blocks: 1 })] }),
      ]);
      const bad = await runCli(['audit', 'verify', '--archive', short], env);
      expect([bad.code, bad.output]).toEqual([1, expect.stringContaining('short.jsonl.gz')]);
    },
    PATIENCE,
  );

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

import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client as Connection } from 'pg';
import {
  alerts,
  bootstrap,
  chain,
  House,
  makeDatabase,
  runCli,
  shippedAddons,
  shop,
  takeOrder,
  verb,
  until,
} from '#test';
import type { Client, Shop } from '#test';

/** Nobody changes what happened without its being found: not even whoever owns the database. */
describe('the seal of the event log', () => {
  let house: House;
  let admin: Client;
  let centro: Shop;
  let vendedora: Client;
  let oldBlocks: number;

  beforeAll(async () => {
    // A shop that was there before events had a salt: its log begins with blocks that were sealed then.
    const database = `test_${randomBytes(6).toString('hex')}`;
    const urls = await makeDatabase(database, 'demo');
    oldBlocks = await chain.sealBeforeSalts(urls, 10);
    await bootstrap.migrate(urls.owner, shippedAddons, () => {});
    house = await House.over(database, urls);
    [admin, vendedora] = await Promise.all([house.as('admin'), house.as('vendedora')]);
    centro = await shop(vendedora);
    for (let n = 0; n < 3; n += 1) await takeOrder(vendedora, centro, 1);
    await sealAll();
  });

  /** In a process of its own. */
  const cli = (...args: string[]): ReturnType<typeof runCli> =>
    runCli(['audit', ...args], {
      DATABASE_URL: house.urls.application,
      DATABASE_OWNER_URL: house.urls.owner,
    });

  const count = async (sql: string): Promise<number> => {
    const [row] = await house.rows<{ n: string }>('superuser', `SELECT (${sql})::text AS n`);
    return Number(row?.n);
  };

  const unsealed = (): Promise<number> =>
    count(
      '(SELECT count(*) FROM kernel_event) - (SELECT coalesce(sum(events), 0) FROM audit_block)',
    );

  /** Also what is written down behind an answer, as a denied attempt is. */
  const sealAll = async (): Promise<string> => {
    let tip = '';
    await until('everything is sealed', async () => {
      tip = await chain.seal(house);
      return (await unsealed()) === 0;
    });
    return tip;
  };

  /** Changes what nobody may change, as only a superuser can. @returns how to put it back */
  async function tamper(sql: string): Promise<() => Promise<void>> {
    const tables = ['kernel_event', 'audit_block'];
    const connection = new Connection({ connectionString: house.urls.superuser });
    await connection.connect();
    const asNobodyLooks = async (statements: readonly string[]): Promise<void> => {
      await connection.query("BEGIN; SET LOCAL session_replication_role = 'replica'");
      for (const statement of statements) await connection.query(statement);
      await connection.query('COMMIT');
    };
    await asNobodyLooks([
      ...tables.map((table) => `CREATE TABLE kept_${table} AS SELECT * FROM ${table}`),
      sql,
    ]);
    return async () => {
      await asNobodyLooks(
        tables.flatMap((table) => [
          `DELETE FROM ${table}`,
          `INSERT INTO ${table} SELECT * FROM kept_${table}`,
          `DROP TABLE kept_${table}`,
        ]),
      );
      await connection.end();
    };
  }

  const OLD = `(SELECT id FROM kernel_event WHERE salt IS NULL ORDER BY id LIMIT 1)`;
  const SOME = `(SELECT id FROM kernel_event WHERE action = 'order.created' AND salt IS NOT NULL ORDER BY id LIMIT 1)`;

  it('covers every committed event, and says where it ends', async () => {
    const tip = await sealAll();
    const { code, output } = await cli('verify', '--json');
    expect([code, output]).toEqual([0, output]);
    const verified = JSON.parse(output) as { tips: string[] };
    expect(verified).toMatchObject({
      ...{ companies: 1, events: await count('SELECT count(*) FROM kernel_event') },
      tips: [expect.stringMatching(`/${tip}$`)],
    });
    expect((await verb(house, 'audit', 'tip')).output).toContain(verified.tips[0]);
    const { body } = await admin.get('audit/chain');
    expect(`${String(body['number'])}:${String(body['hash'])}`).toBe(tip);
    expect((await vendedora.get('audit/chain')).status).toBe(403);
  });

  it('goes on from blocks that were sealed before events had a salt, and still holds them', async () => {
    await sealAll();
    expect(oldBlocks).toBeGreaterThan(2);
    const old = `(SELECT sum(events) FROM audit_block WHERE number <= ${oldBlocks})`;
    expect(await count('SELECT count(*) FROM kernel_event WHERE salt IS NULL')).toBe(
      await count(old),
    );
    expect(await count('SELECT max(number) FROM audit_block')).toBeGreaterThan(oldBlocks);
    expect(await chain.verify(house)).toEqual([]);
    // What has a salt now is another event than what was sealed.
    const putBack = await tamper(
      `UPDATE kernel_event SET salt = gen_random_uuid() WHERE id = ${OLD}`,
    );
    const found = await chain.verify(house);
    await putBack();
    expect(found).toEqual([expect.stringContaining('event-changed in block 1')]);
  });

  it('is over text that PostgreSQL writes as JSON to the byte as anybody does', async () => {
    const [row] = await house.rows<{ columns: string }>(
      'owner',
      `SELECT array_to_json(ARRAY[string_agg(chr(n), ''), NULL, '', 'null', '[]'])::text AS columns
       FROM (SELECT generate_series(1, 700) UNION ALL SELECT unnest(ARRAY[8232, 8233, 65279, 65535, 65536, 128512])) c (n)`,
    );
    const codes = Array.from({ length: 700 }, (_, n) => n + 1);
    const text = String.fromCodePoint(...codes, 8232, 8233, 65279, 65535, 65536, 128512);
    expect(row?.columns).toBe(JSON.stringify([text, null, '', 'null', '[]']));
  });

  it('waits for a transaction that began before, and then holds its events too', async () => {
    await sealAll();
    const late = new Connection({ connectionString: house.urls.owner });
    await late.connect();
    await late.query('BEGIN');
    await late.query(
      `INSERT INTO kernel_event SELECT gen_random_uuid(), company_id, now(), action, schema_version, actor_id,
         actor_login, actor_roles, ip, request_id, subject_type, subject_id, subject_label, changes, reason, payload
       FROM kernel_event WHERE id = ${SOME}`,
    );
    try {
      await takeOrder(vendedora, centro, 1);
      const before = await count('SELECT coalesce(max(number), 0) FROM audit_block');
      await chain.sealSettled(house);
      // Sealed now, the later transaction's event would stand before what the earlier one commits.
      expect(await unsealed()).toBeGreaterThan(0);
      expect(await count('SELECT coalesce(max(number), 0) FROM audit_block')).toBe(before);
      await late.query('COMMIT');
    } finally {
      await late.end();
    }
    await sealAll();
    expect(await chain.verify(house)).toEqual([]);
  });

  it('is one chain when several processes seal at once', async () => {
    for (let n = 0; n < 3; n += 1) await takeOrder(vendedora, centro, 1);
    const sealing = [1, 2, 3, 4].map(() => chain.sealSettled(house));
    expect((await cli('tip')).code).toBe(0);
    await Promise.all(sealing);
    await sealAll();
    expect(await unsealed()).toBe(0);
    expect(await chain.verify(house)).toEqual([]);
  });

  it.each([
    [
      'a changed payload',
      `UPDATE kernel_event SET payload = payload || '{"total": 1}' WHERE id = ${SOME}`,
      'event-changed',
    ],
    [
      'another actor',
      `UPDATE kernel_event SET actor_login = 'somebody' WHERE id = ${SOME}`,
      'event-changed',
    ],
    [
      'another instant',
      `UPDATE kernel_event SET created_at = created_at + interval '1 ms' WHERE id = ${SOME}`,
      'event-changed',
    ],
    [
      'a changed text from before the salts',
      `UPDATE kernel_event SET subject_label = subject_label || '!' WHERE id = ${OLD}`,
      'event-changed in block 1',
    ],
    [
      'a removed event from before the salts',
      `DELETE FROM kernel_event WHERE id = ${OLD}`,
      'event-missing in block 1',
    ],
    [
      'a removed block from before the salts',
      'DELETE FROM audit_block WHERE number = 2',
      'block-missing in block 2',
    ],
    ['a removed event', `DELETE FROM kernel_event WHERE id = ${SOME}`, 'event-missing'],
    [
      'an event slipped in',
      `INSERT INTO kernel_event SELECT gen_random_uuid(), company_id, created_at, action, schema_version, actor_id,
         actor_login, actor_roles, ip, request_id, subject_type, subject_id, subject_label, changes, reason,
         payload, transaction_id FROM kernel_event WHERE id = ${SOME}`,
      'event-added',
    ],
    [
      'another order',
      `UPDATE kernel_event e SET transaction_id = (SELECT o.transaction_id FROM kernel_event o
         WHERE o.action = 'order.created' AND o.id <> e.id ORDER BY o.id DESC LIMIT 1) WHERE id = ${SOME}`,
      'event-missing',
    ],
    [
      'an event with the seal made to fit it',
      `UPDATE audit_block SET leaves = overlay(leaves placing decode(repeat('00', 32), 'hex') from 17)
       WHERE number = 1`,
      'block-changed in block 1',
    ],
    ['a removed block', 'DELETE FROM audit_block WHERE number = 1', 'block-missing in block 1'],
    [
      'a block that was made anew',
      `UPDATE audit_block SET hash = decode(repeat('ab', 32), 'hex') WHERE number = 1`,
      'block-changed in block 2',
    ],
  ])('shows %s', async (_, sql, kind) => {
    await takeOrder(vendedora, centro, 1);
    await sealAll();
    const idOf = (which: string): Promise<{ id: string }[]> =>
      house.rows<{ id: string }>('superuser', `SELECT ${which} AS id`);
    const [id, old] = [await idOf(SOME), await idOf(OLD)];
    const putBack = await tamper(sql);
    try {
      const found = await chain.verify(house);
      expect(found).toContainEqual(expect.stringContaining(kind));
      if (kind.startsWith('event-') && kind !== 'event-added') {
        const [touched] = sql.includes(OLD) ? old : id;
        expect(found[0]).toContain(touched?.id ?? 'nobody');
      }
    } finally {
      await putBack();
    }
    expect(await chain.verify(house)).toEqual([]);
  });

  it('shows by what was written down elsewhere that its end was taken away', async () => {
    await takeOrder(vendedora, centro, 1);
    const anchor = await sealAll();
    const putBack = await tamper(
      `DELETE FROM kernel_event WHERE (transaction_id::text)::bigint > (
         SELECT last_transaction_id FROM audit_block ORDER BY number DESC OFFSET 1 LIMIT 1);
       DELETE FROM audit_block WHERE number = (SELECT max(number) FROM audit_block)`,
    );
    try {
      // What is gone without a trace leaves nothing to compare with.
      expect(await chain.verify(house)).toEqual([]);
      expect(await chain.verify(house, anchor)).toEqual([
        expect.stringContaining('anchor-missing'),
      ]);
      const found = await verb(house, 'audit', 'verify', '--anchor', anchor);
      expect([found.code, found.output]).toEqual([1, expect.stringContaining('anchor-missing')]);
      // Sealed anew over less, the block of that number is another one.
      await takeOrder(vendedora, centro, 1);
      await sealAll();
      expect(await chain.verify(house, anchor)).toEqual([
        expect.stringContaining('anchor-differs'),
      ]);
    } finally {
      await putBack();
    }
    const wrong = await verb(house, 'audit', 'verify', '--anchor', 'nonsense');
    expect([wrong.code, wrong.output]).toEqual([1, expect.stringContaining('no COMPANY/NUMBER')]);
  });

  it('stands on the paper of every daily cut, which then proves what was before it', async () => {
    const encargada = await house.as('encargada');
    const anchor = await sealAll();
    const cut = await encargada.post('payments/daily-cuts', {
      ...{ branchId: centro.branchId, date: '2026-01-05' },
    });
    expect([cut.status, cut.body]).toEqual([201, expect.objectContaining({ auditAnchor: anchor })]);
    const id = String(cut.body['id']);
    const page = await encargada.get(`payments/daily-cuts/${id}.html`);
    expect(page.text).toContain(`Sello del registro ${anchor}`);
    const csv = await encargada.get(`payments/daily-cuts/${id}.csv`);
    expect(csv.text).toContain(anchor);
    const cuts = (): ReturnType<typeof verb> => verb(house, 'payments', 'verify-cut');
    expect((await cuts()).code).toBe(0);
    const putBack = await tamper(
      `UPDATE audit_block SET hash = decode(repeat('ab', 32), 'hex')
       WHERE number = (SELECT max(number) FROM audit_block)`,
    );
    const broken = await cuts();
    await putBack();
    expect([broken.code, broken.output]).toEqual([1, expect.stringContaining(id)]);
  });

  it('tells of a chain that ends in the future: a dump restored elsewhere', async () => {
    await sealAll();
    const putBack = await tamper(
      `INSERT INTO audit_block SELECT company_id, number + 1, sealed_at, 9000000000000000000, last_event_id,
         events, leaves, hash, hash FROM audit_block ORDER BY number DESC LIMIT 1`,
    );
    try {
      expect(await chain.verify(house)).toContainEqual(expect.stringContaining('ahead in block'));
    } finally {
      await putBack();
    }
  });

  it('is one chain over more than is read at once, though all of it is one transaction', async () => {
    const before = await count('SELECT max(number) FROM audit_block');
    await house.rows(
      'superuser',
      `INSERT INTO kernel_event SELECT gen_random_uuid(), company_id, now(), action, schema_version, actor_id,
         actor_login, actor_roles, ip, request_id, subject_type, subject_id, subject_label, changes, reason, payload
       FROM kernel_event, generate_series(1, 25000) WHERE id = ${SOME}`,
    );
    await sealAll();
    expect(await count(`SELECT max(number) FROM audit_block`)).toBeGreaterThanOrEqual(before + 25);
    expect(await count(`SELECT max(events) FROM audit_block`)).toBe(1_000);
    expect(await chain.verify(house)).toEqual([]);
    // In the second reading of the log, and in the second lot of blocks.
    const block = before + 22;
    const [end] = await house.rows<{ id: string }>(
      'owner',
      `SELECT last_event_id AS id FROM audit_block WHERE number = ${block}`,
    );
    const finds = async (sql: string, back: string): Promise<string[]> => {
      const asNobodyLooks = (statement: string): Promise<object[]> =>
        house.rows('superuser', `SET session_replication_role = 'replica'; ${statement}`);
      await asNobodyLooks(sql);
      const found = await chain.verify(house);
      await asNobodyLooks(back);
      return found;
    };
    const [event, row] = [
      `kernel_event WHERE id = '${end?.id}'`,
      `audit_block WHERE number = ${block}`,
    ];
    const kept = (of: string): string =>
      `CREATE TABLE kept AS SELECT * FROM ${of}; DELETE FROM ${of}`;
    const back = (to: string): string => `INSERT INTO ${to} SELECT * FROM kept; DROP TABLE kept`;
    const reason = (text: string): string =>
      `UPDATE kernel_event SET reason = ${text} WHERE id = '${end?.id}'`;
    expect([
      await finds(reason(`'x'`), reason('NULL')),
      await finds(kept(event), back('kernel_event')),
      await finds(kept(row), back('audit_block')),
    ]).toEqual([
      [`event-changed in block ${block}: ${end?.id}`],
      [`event-missing in block ${block}: ${end?.id}`],
      [`block-missing in block ${block}`],
    ]);
    expect(await chain.verify(house)).toEqual([]);
  });

  describe('with a worker', () => {
    let worker: { stop: () => Promise<void> };

    beforeAll(async () => {
      worker = await alerts.startWorker(house);
    });

    afterAll(() => worker.stop());

    it('grows by itself, and an alert arises from what does not agree and ends with it', async () => {
      await takeOrder(vendedora, centro, 1);
      await alerts.eventually(async () => (await unsealed()) === 0, 'sealed by the worker');
      const stateOf = async (): Promise<unknown> => {
        const { body } = await admin.get('operational-alerts/alerts?type=audit.chain_broken');
        return (body.items as { state: string }[])[0]?.state;
      };
      const setReason = async (reason: string): Promise<void> => {
        await house.rows(
          'superuser',
          `SET session_replication_role = 'replica';
           UPDATE kernel_event SET reason = ${reason} WHERE id = ${SOME}`,
        );
      };
      await setReason("'x'");
      expect((await verb(house, 'audit', 'verify', '--announce')).code).toBe(1);
      await alerts.eventually(async () => (await stateOf()) === 'open', 'an alert');
      await setReason('NULL');
      await verb(house, 'audit', 'verify', '--announce');
      await alerts.eventually(async () => (await stateOf()) === 'resolved', 'its end');
    });
  });
});

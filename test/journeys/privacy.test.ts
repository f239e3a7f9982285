import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  chain,
  cutHash,
  differingCuts,
  House,
  kernel,
  openSession,
  runCli,
  shop,
  verb,
  whileLocked,
} from '#test';
import type { Client, Shop } from '#test';

interface Mention {
  readonly where: string;
  readonly id: string;
}

/** Whoever asks for it sees all that is held of her, and is forgotten: also by log, copies and seal. */
describe('a customer who asks for her data, and to be forgotten', () => {
  const PERSON = {
    name: 'Violeta Inventada Quelempán',
    rut: '7654321-6',
    phone: '+56 9 1234 0987',
    email: 'violeta.inventada@correo.example',
  };
  const TRACES = ['Violeta', 'Quelemp', '7654321-6', '1234 0987', 'violeta.inventada'];

  let house: House;
  let admin: Client;
  let encargada: Client;
  let centro: Shop;
  let session: string;
  let till: string;

  beforeAll(async () => {
    house = await House.open();
    [admin, encargada] = await Promise.all([house.as('admin'), house.as('encargada')]);
    centro = await shop(encargada);
    session = await openSession(encargada, centro.registerIds[0] ?? '');
  }, 240_000);

  const cli = (...args: string[]): ReturnType<typeof runCli> =>
    runCli(args, { DATABASE_URL: house.urls.application, DATABASE_OWNER_URL: house.urls.owner });

  /** A customer with a past in which she is named wherever somebody can write freely. */
  async function livePast(rut = PERSON.rut): Promise<string> {
    const made = await encargada.post('sales/customers', { ...PERSON, rut, notes: 'es Violeta' });
    const customerId = String(made.body.id);
    expect(made.status).toBe(201);
    await encargada.patch(`sales/customers/${customerId}`, { notes: 'Violeta, la de antes' }, 1);
    const line = {
      ...{ serviceId: centro.services['CAMISA'], quantity: 1 },
      ...{ garmentTags: ['Violeta-1'], notes: 'blusa de Violeta' },
    };
    const order = { branchId: centro.branchId, customerId, lines: [line], notes: 'para Violeta' };
    const bought = await encargada.pay('sales/orders', order);
    await writeBesideMoney(customerId, bought.body.id, Number(bought.body.total));
    await encargada.post(`sales/orders/${String(bought.body.id)}/deliver`);
    const other = await encargada.pay('sales/orders', order);
    await encargada.post(`sales/orders/${String(other.body.id)}/cancel`, {
      reason: 'Violeta se arrepintió',
    });
    return customerId;
  }

  /** Her name in every text that stands beside money, in a session that is closed and cut; one charge is in another. */
  async function writeBesideMoney(
    customerId: string,
    orderId: unknown,
    total: number,
  ): Promise<void> {
    const cashier = await house.as('vendedora');
    till = await openSession(cashier, centro.registerIds[1] ?? '');
    const charge = { orderId, method: 'debit', amount: total - 1_000, reference: 'tía de VIOLETA' };
    const charged = await cashier.pay('payments/payments', charge);
    const voided = await cashier.pay(`payments/payments/${String(charged.body.id)}/void`, {
      reason: 'se equivocó Violeta',
    });
    const again = await cashier.pay('payments/payments', { ...charge, reference: 'boleta 1234' });
    const prepaid = await cashier.pay(`payments/customers/${customerId}/prepay`, {
      ...{ cashSessionId: till, method: 'cash', amount: 5_000, reference: '7.654.321-6' },
    });
    const returned = await cashier.pay(`payments/prepaid-entries/${String(prepaid.body.id)}/void`, {
      reason: 'devuelto a Violeta',
    });
    const moved = await cashier.pay(`payments/cash-sessions/${till}/movements`, {
      ...{ type: 'cash_out', amount: 1_000, reason: 'flete de Violeta Quelempán' },
    });
    const other = await cashier.pay(`payments/cash-sessions/${till}/movements`, {
      ...{ type: 'cash_in', amount: 1_000, reason: 'cambio para la violeta del mesón' },
    });
    const closed = await cashier.post(`payments/cash-sessions/${till}/close`, {
      ...{ countedAmount: 20_000, note: 'llamar al (56) 9 1234-0987' },
    });
    const date = kernel.businessDay(new Date());
    const cut = await admin.post('payments/daily-cuts', {
      ...{ branchId: centro.branchId, date, force: true },
    });
    const elsewhere = await encargada.pay('payments/payments', {
      ...{ orderId, method: 'cash', amount: 1_000, reference: 'Quelempan' },
    });
    const answers = [charged, voided, again, prepaid, returned, moved, other, closed, cut];
    expect([...answers, elsewhere].map(({ status }) => status)).toEqual([
      ...[201, 200, 201, 201, 200, 201, 201, 200, 201, 201],
    ]);
  }

  /** Every column of every table as text, also the queue's. */
  async function found(traces = TRACES): Promise<string[]> {
    const rows = await house.rows<{ hits: string; tables: number }>(
      'superuser',
      `SELECT count(*)::integer AS tables, string_agg(found, E'\\n') FILTER (WHERE found <> '') AS hits FROM (
         SELECT query_to_xml(format('SELECT t::text AS row FROM %I.%I t WHERE t::text ~* %L',
           n.nspname, c.relname, $1::text), true, true, '')::text AS found
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')) all_tables`,
      { values: [traces.join('|').replaceAll('+', '\\+')] },
    );
    expect(rows[0]?.tables).toBeGreaterThan(40);
    return (rows[0]?.hits ?? '').split('\n').filter((line) => line.trim() !== '');
  }

  it('is shown everything, from every addon, in files of her own', async () => {
    const customerId = await livePast();
    const folder = join(mkdtempSync(join(tmpdir(), 'ofitec-export-')), 'copia');
    const made = await cli('customers', 'export', '--customer', PERSON.rut, '--into', folder);
    expect([made.code, made.output]).toEqual([0, made.output]);
    const files = readdirSync(folder).sort();
    expect(files).toEqual([
      'cliente.csv',
      'historial.csv',
      'lineas_de_pedidos.csv',
      'pagos.csv',
      'pedidos.csv',
      'saldo_prepagado.csv',
      'todo.json',
    ]);
    expect(statSync(join(folder, 'todo.json')).mode & 0o077).toBe(0);
    const text = (name: string): string => readFileSync(join(folder, name), 'utf8');
    expect(text('cliente.csv')).toContain(PERSON.email);
    expect(text('lineas_de_pedidos.csv')).toContain('blusa de Violeta');
    expect(text('historial.csv')).toContain('Violeta se arrepintió');
    rmSync(folder, { recursive: true });

    const shown = await encargada.get(`sales/customers/${customerId}/export`);
    expect(shown.status).toBe(200);
    expect(shown.text).toContain(PERSON.email);
    const vendedora = await house.as('vendedora');
    expect((await vendedora.get(`sales/customers/${customerId}/export`)).status).toBe(403);
    const told = await admin.get(`audit/history/sales.customer/${customerId}`);
    const actions = (told.body.items as { action: string }[]).map(({ action }) => action);
    expect(actions.filter((action) => action === 'customer.exported').length).toBeGreaterThan(1);
  }, 240_000);

  it('is not forgotten while something is open between her and the shop', async () => {
    const made = await encargada.post('sales/customers', {
      name: 'Con Asuntos',
      rut: '12345678-5',
    });
    const customerId = String(made.body.id);
    const asked = { customerId, requestNumber: 'S-7', reason: 'lo pide por carta' };
    await encargada.pay(`payments/customers/${customerId}/prepay`, {
      ...{ cashSessionId: session, method: 'cash', amount: 5_000 },
    });
    const lines = [{ serviceId: centro.services['CAMISA'], quantity: 1 }];
    await encargada.pay('sales/orders', { branchId: centro.branchId, customerId, lines });
    const refused = await encargada.post('sales/erasures', asked);
    expect([refused.status, refused.body]).toEqual([
      409,
      expect.objectContaining({
        type: expect.stringContaining('customer-has-open-matters'),
        obstacles: [
          { what: 'open-orders', count: 1 },
          { what: 'prepaid-balance', count: 5_000 },
        ],
      }),
    ]);
    const rehearsed = await verb(
      house,
      'customers',
      'erase',
      '--customer',
      customerId,
      '--dry-run',
    );
    expect(JSON.parse(rehearsed.output)).toMatchObject({
      ...{ state: 'rehearsed', outcome: [] },
      obstacles: [{ what: 'open-orders' }, { what: 'prepaid-balance' }],
    });
    expect((await encargada.get(`sales/customers/${customerId}`)).body.name).toBe('Con Asuntos');
  }, 240_000);

  it('is forgotten by two persons, everywhere, and the seal still holds', async () => {
    const [customer] = (await encargada.get(`sales/customers?rut=${PERSON.rut}`)).body.items as {
      id: string;
    }[];
    const customerId = customer?.id ?? '';
    await chain.seal(house);
    expect(await found()).not.toEqual([]);

    const named = { customerId, requestNumber: 'S-8', reason: 'Violeta Inventada Quelempán se va' };
    for (const reason of [named.reason, 'RUT 7.654.321-6, por carta', 'llamó del 1234-0987']) {
      expect((await encargada.post('sales/erasures', { ...named, reason })).status).toBe(422);
    }
    const asked = { customerId, requestNumber: 'S-8', reason: 'solicitud escrita' };
    const requested = await encargada.post('sales/erasures', asked);
    expect([requested.status, requested.body]).toEqual([
      201,
      expect.objectContaining({ state: 'requested', approvedBy: null }),
    ]);
    const path = `sales/erasures/${String(requested.body.id)}/approve`;
    expect((await encargada.post(path)).status).toBe(422);
    expect((await encargada.get(`sales/customers/${customerId}`)).body.name).toBe(PERSON.name);

    // What came up since the request counts, too.
    const lines = [{ serviceId: centro.services['CAMISA'], quantity: 1 }];
    const order = { branchId: centro.branchId, customerId, lines };
    const late = await encargada.pay('sales/orders', order);
    expect((await admin.post(path)).status).toBe(409);
    await encargada.post(`sales/orders/${String(late.body.id)}/cancel`, { reason: 'no va' });
    const rehearsed = await verb(
      house,
      'customers',
      'erase',
      '--customer',
      PERSON.rut,
      '--dry-run',
    );
    expect(rehearsed.code).toBe(0);
    expect(await found()).not.toEqual([]);
    expect(await differingCuts(house)).toEqual([]);

    // As if the day of her last payment were being cut: nothing is taken out of rows that somebody sums.
    const day = `payments.day ${centro.branchId} ${kernel.businessDay(new Date())}`;
    const approved = await whileLocked(house.urls.superuser, day, () => admin.post(path));
    expect([approved.status, approved.body]).toEqual([
      200,
      expect.objectContaining({ state: 'erased', erasedAt: expect.any(String) }),
    ]);
    // What belongs to no record of hers is told of by its place, and never by what it says.
    const { mentions, mentionCount } = approved.body as {
      mentions: Mention[];
      mentionCount: number;
    };
    expect(JSON.parse(rehearsed.output)).toMatchObject({ state: 'rehearsed', mentions });
    expect(mentions.map(({ where }) => where).sort()).toEqual([
      'kernel_event.changes',
      'kernel_event.reason',
      'payments_cash_session.note',
      'payments_entry.reason',
    ]);
    expect([mentionCount, mentions.find(({ where }) => where.includes('note'))?.id]).toEqual([
      ...[4, till],
    ]);
    expect(await found()).not.toEqual([]);
    expect(await chain.verify(house)).toEqual([]);
    await chain.seal(house);
    expect(await chain.verify(house)).toEqual([]);

    const { body } = await admin.get(`sales/customers/${customerId}`);
    expect(body).toMatchObject({ name: '(suprimido)', rut: null, phone: null, email: null });
    expect(body.active).toBe(false);
    const edit = await admin.patch(`sales/customers/${customerId}`, { name: 'X' }, body.version);
    expect(edit.status).toBe(409);
    const { items } = (await admin.get(`sales/orders?customerId=${customerId}`)).body;
    expect(items).toHaveLength(3);
    expect((await admin.post(path)).body).toEqual(approved.body);
  }, 240_000);

  it('keeps the figures and papers of the money, and a cut that still comes out', async () => {
    const rows = await house.rows<{ reference: string; reason: string; amount: string }>(
      'superuser',
      `SELECT reference, reason, amount FROM payments_payment WHERE reference IS NOT NULL ORDER BY created_at, id`,
    );
    const gone = '(suprimido)';
    expect(rows.map(({ reference, reason }) => [reference, reason])).toEqual([
      ...[
        [gone, null],
        [gone, gone],
        ['boleta 1234', null],
        [gone, null],
      ],
    ]);
    expect(rows.reduce((sum, { amount }) => sum + Number(amount), 0)).toBeGreaterThan(1_000);
    expect(await differingCuts(house)).toEqual([]);
    const tampered = async (sql: string, back: string): Promise<number> => {
      await house.rows('superuser', `SET session_replication_role = 'replica'; ${sql}`);
      const { length } = await differingCuts(house);
      await house.rows('superuser', `SET session_replication_role = 'replica'; ${back}`);
      return length;
    };
    const number = (text: string, before: string): string =>
      `UPDATE payments_payment SET reference = '${text}' WHERE reference = '${before}'`;
    const back = number('boleta 1234', 'boleta 1');
    expect(await tampered(number('boleta 1', 'boleta 1234'), back)).toBe(1);
    // A row that was changed, with a restatement that fits it: no event says the same.
    const restated = `UPDATE payments_cut_restatement SET rows_hash`;
    const [first] = await house.rows<{ hash: string }>(
      'superuser',
      'SELECT rows_hash AS hash FROM payments_cut_restatement',
    );
    await house.rows('superuser', number('boleta 1', 'boleta 1234'));
    const forged = await cutHash(house, till);
    expect(forged).not.toBe(first?.hash);
    await house.rows('superuser', back);
    expect(
      await tampered(
        `${number('boleta 1', 'boleta 1234')}; ${restated} = '${forged}'`,
        `${back}; ${restated} = '${first?.hash}'`,
      ),
    ).toBe(1);
    expect(await differingCuts(house)).toEqual([]);
    // The application may forget and not write.
    const company = String((await admin.get('base/company')).body.id);
    const write = `UPDATE payments_payment SET reference = 'x'`;
    const asApplication = house.rows('application', write, { companyId: company });
    await expect(asApplication).rejects.toThrow('permission denied');
  }, 240_000);

  it('takes out what somebody looked at, and restates no cut that was broken before', async () => {
    const [{ id: customerId } = { id: '' }] = await house.rows<{ id: string }>(
      ...(['superuser', `SELECT customer_id AS id FROM sales_erasure`] as const),
    );
    const { body } = await admin.get(`sales/erasures?customerId=${customerId}`);
    const [erasure] = body.items as { mentions: Mention[] }[];
    const moved = erasure?.mentions.find(({ where }) => where === 'payments_entry.reason');
    const only = `${moved?.where}/${moved?.id}`;
    const redact = ['customers', 'redact', '--customer', customerId] as const;
    const one = await cli(...redact, '--only', only, '--json');
    expect([one.code, JSON.parse(one.output)]).toMatchObject([0, { redacted: [moved] }]);
    expect(await differingCuts(house)).toEqual([]);
    const rest = await verb(house, ...redact);
    expect([rest.code, JSON.parse(rest.output)]).toMatchObject([0, { left: [] }]);
    expect(await found(['Quelemp', '7654321', '1234.?0987', 'violeta.inventada'])).toEqual([]);
    expect(await chain.verify(house)).toEqual([]);
    expect(await differingCuts(house)).toEqual([]);
    // The violet at the counter is nobody's name.
    const [kept] = await house.rows<{ n: number }>(
      ...([
        'superuser',
        `SELECT count(*)::integer AS n FROM payments_entry WHERE reason LIKE '%mesón'`,
      ] as const),
    );
    expect(kept?.n).toBe(1);

    const forge = `UPDATE payments_payment SET reference = 'boleta 4321' WHERE reference = 'boleta 1234'`;
    await house.rows('superuser', forge);
    await house.rows(
      'superuser',
      `UPDATE sales_erasure SET mentions = jsonb_build_array(jsonb_build_object('where', 'payments_entry.reason',
         'id', (SELECT id FROM payments_entry WHERE reason LIKE '%mesón'))), mention_count = 1`,
    );
    expect((await verb(house, ...redact)).code).toBe(0);
    expect(await differingCuts(house)).toHaveLength(1);
  }, 240_000);

  it('leaves no way to take something out of the log that nobody vouches for', async () => {
    const block = (act: string, entries: string): string => `INSERT INTO audit_withdrawal
      SELECT company_id, '${act}', number, ${entries} FROM audit_block WHERE number = 1`;
    const gone = `UPDATE kernel_event SET reason = 'otra cosa' WHERE id =
      (SELECT encode(substr(leaves, 1, 16), 'hex')::uuid FROM audit_block WHERE number = 1)`;
    const tampered = async (sql: string): Promise<string[]> => {
      await house.rows('superuser', `SET session_replication_role = 'replica'; ${sql}`);
      return chain.verify(house);
    };
    const act = '01a20298-8966-75e2-86c1-79299602aa54';
    // A new leaf that fits a changed event, of an act that never was.
    expect(await tampered(gone)).toEqual([expect.stringContaining('event-changed in block 1')]);
    expect(
      await tampered(
        block(
          act,
          `overlay(substr(leaves, 1, 48) placing decode(repeat('00', 32), 'hex') from 17)`,
        ),
      ),
    ).toContainEqual(expect.stringContaining(`withdrawal-false`));
    // The same under the name of an act that was: its event names another digest.
    const real = `(SELECT id FROM kernel_event WHERE action = 'audit_log.redacted' LIMIT 1)`;
    expect(
      await tampered(`DELETE FROM audit_withdrawal WHERE act_id = '${act}';
        UPDATE audit_withdrawal SET entries = entries || substr(entries, 1, 48) WHERE act_id = ${real}`),
    ).toContainEqual(expect.stringContaining('withdrawal-false'));
    // Nor is a vouched one simply forgotten: then the log differs from its seal.
    expect(await tampered('DELETE FROM audit_withdrawal')).toContainEqual(
      expect.stringContaining('event-changed'),
    );
    const owner = house.rows('owner', `UPDATE kernel_event SET reason = 'x'`);
    await expect(owner).rejects.toThrow('append-only');
  });

  it('is forgotten again after a restore, from the list of ids', async () => {
    const made = await encargada.post('sales/customers', { ...PERSON });
    const customerId = String(made.body.id);
    const erase = ['customers', 'erase', '--customer', PERSON.rut, '--request', 'S-9'];
    expect((await cli(...erase, '--reason', 'por escrito')).code).toBe(0);
    const listed = await verb(house, 'customers', 'erasures');
    expect(listed.output).toContain(customerId);
    expect(listed.output).not.toMatch(new RegExp(TRACES.join('|')));
    const file = join(mkdtempSync(join(tmpdir(), 'ofitec-erasures-')), 'erasures.json');
    writeFileSync(file, listed.output);
    // As a backup from before would bring it back: the person is there, and no erasure.
    await house.rows('superuser', `DELETE FROM sales_erasure WHERE customer_id = '${customerId}'`);
    await house.rows(
      'superuser',
      'UPDATE sales_customer SET name = $1, rut = $2, erased_at = NULL, active = true WHERE id = $3',
      { values: [PERSON.name, PERSON.rut, customerId] },
    );
    const replayed = await verb(house, 'customers', 'erase', '--replay', file);
    expect(JSON.parse(replayed.output)).toMatchObject({ listed: 2, repeated: 2, absent: 0 });
    const { body } = await admin.get(`sales/customers/${customerId}`);
    expect(body).toMatchObject({ name: '(suprimido)', rut: null });
    rmSync(file);
  }, 240_000);
});

import { beforeAll, describe, expect, it } from '@jest/globals';
import { House, kernel, rcv, shop, takeOrder } from '#test';
import type { Client } from '#test';

const { purchase, PURCHASE_HEADER, rcvOf, sale, SALE_HEADER } = rcv;
type Rows = readonly rcv.RcvRow[];
type Answer = ReturnType<Client['raw']>;

const SHEET = { 'content-type': 'text/csv' };

/** A month becomes a Form 29: from the files of the RCV to the folio, with proof for every code. */
describe('Form 29', () => {
  let house: House;
  let contador: Client;
  let encargada: Client;
  let id: string;

  beforeAll(async () => {
    house = await House.open();
    [contador, encargada] = [await house.as('contador'), await house.as('encargada')];
  });

  const bring = (kind: string, header: readonly string[], rows: Rows, period: string): Answer => {
    const day = `05/${period.slice(4)}/${period.slice(0, 4)}`;
    const dated = rows.map((row) => ({ ...row, 'Fecha Docto': day, 'Fecha Recepcion': day }));
    return contador.raw(
      'post',
      `/api/v1/sii-connector/imports?kind=${kind}&period=${period}`,
      Buffer.from(rcvOf(header, dated)),
      SHEET,
    );
  };
  const at = (path: string): string => `sii-connector/f29/${id}${path}`;
  const version = async (): Promise<number> => Number((await contador.get(at(''))).body.version);
  const type = async (codes: object): Promise<Awaited<Answer>> =>
    contador.put(at('/codes'), codes, await version());
  const valuesOf = (body: { codes: Record<string, { value: unknown }> }): object =>
    Object.fromEntries(Object.entries(body.codes).map(([code, { value }]) => [code, value]));
  const rulesOf = (
    body: { findings: { rule: string; severity: string }[] },
    severity: string,
  ): string[] => body.findings.filter((each) => each.severity === severity).map(({ rule }) => rule);
  /** Answers for every open warning. */
  const acknowledgeAll = async (): Promise<void> => {
    const { body } = await contador.get(at(''));
    const rules = [...new Set(rulesOf(body, 'warning'))];
    if (rules.length === 0) return;
    const acknowledgements = rules.map((rule) => ({ rule, reason: 'visto con el cliente' }));
    expect((await contador.post(at('/acknowledge'), { acknowledgements })).status).toBe(200);
  };

  it('is made of the month’s documents', async () => {
    const bought = [
      purchase(1, { 'Monto Neto': 500_000 }),
      purchase(2, { 'Monto Neto': 100_000, 'Tipo Compra': 'Activo Fijo' }),
      purchase(3, { 'Tipo Doc': 61, 'Monto Neto': 50_000 }),
    ];
    const sold = [
      sale(11, { 'Monto Neto': 1_000_000 }),
      sale(12, { 'Monto Neto': 2_000_000 }),
      sale(13, { 'Tipo Doc': 34, 'Monto Neto': 0, 'Monto Exento': 80_000, 'Monto total': 80_000 }),
    ];
    for (const [kind, header, rows] of [
      ['rcv-compra', PURCHASE_HEADER, bought] as const,
      ['rcv-venta', SALE_HEADER, sold] as const,
    ]) {
      const brought = await bring(kind, header, rows, '202609');
      expect(brought.body).toMatchObject({ imported: 3, errors: [] });
    }
    const opened = await contador.post('sii-connector/f29', { period: '202609' });
    expect([opened.status, opened.body.state, opened.body.codes]).toEqual([201, 'draft', {}]);
    id = String(opened.body.id);
    const twice = await contador.post('sii-connector/f29', { period: '202609' });
    expect([twice.status, twice.body.code]).toEqual([409, 'sii-connector.return-exists']);

    const computed = await contador.post(at('/compute'));
    expect([computed.status, computed.body.state]).toEqual([200, 'computed']);
    expect(valuesOf(computed.body)).toEqual({
      ...{ '503': 2, '502': 570_000, '586': 1, '142': 80_000, '563': 3_080_000 },
      ...{ '519': 1, '520': 95_000, '524': 1, '525': 19_000, '527': 1, '528': 9_500 },
      ...{ '511': 104_500, '538': 570_000, '537': 104_500, '89': 465_500, '77': 0 },
      ...{ '595': 465_500, '547': 465_500, '91': 465_500, '94': 465_500 },
    });
    expect(computed.body.codes['538'].origin).toBe('computed');
    // 20 October 2026 is a Tuesday.
    expect(computed.body).toMatchObject({ amount: 465_500, dueDate: '2026-10-20' });
    expect(rulesOf(computed.body, 'error')).toEqual(['ppm-rate-unknown']);
  });

  it('explains each code by its documents or its formula, a page at a time', async () => {
    const first = await contador.get(at('/codes/502/trace?limit=1'));
    expect(first.body).toMatchObject({ code: '502', value: 570_000, line: 7, formula: null });
    expect(first.body.sources[0]).toContain('RCV');
    const next = encodeURIComponent(String(first.body.next));
    const second = await contador.get(at(`/codes/0502/trace?limit=1&after=${next}`));
    const items = [...first.body.items, ...second.body.items];
    expect(items.map(({ amount }) => amount).sort()).toEqual([190_000, 380_000]);
    expect([new Set(items.map(({ id: each }) => each)).size, second.body.next]).toEqual([2, null]);
    const credit = await contador.get(at('/codes/528/trace'));
    expect(credit.body.items).toMatchObject([{ folio: 3, dteType: 61, amount: 9_500 }]);

    const total = await contador.get(at('/codes/89/trace'));
    expect(total.body).toMatchObject({ items: [], value: 465_500 });
    expect(total.body.formula).toMatchObject({
      ...{ text: 'máx(538 − 537; 0)', proof: 'proven' },
      inputs: [
        { code: '538', value: 570_000 },
        { code: '537', value: 104_500 },
      ],
    });
    const absent = await contador.get(at('/codes/99999/trace'));
    expect([absent.status, absent.body.code]).toEqual([404, 'sii-connector.code-absent']);
    expect((await contador.get(at('/codes/x/trace'))).status).toBe(400);
    expect((await contador.get(at('/codes/502/trace?after=bm8'))).status).toBe(400);
  });

  it('takes what a person types, and the totals follow', async () => {
    const stale = await contador.put(at('/codes'), { '115': 0.125 }, 1);
    expect(stale.status).toBe(412);
    const typed = await type({ '0115': 0.125, '151': 12_000, '99999': 5 });
    expect(typed.status).toBe(200);
    expect(valuesOf(typed.body)).toMatchObject({
      ...{ '62': 3_850, '595': 481_350, '91': 481_350, '94': 481_350, '99999': 5 },
    });
    expect(typed.body.codes['151']).toEqual({ value: 12_000, origin: 'typed' });
    expect(rulesOf(typed.body, 'error')).toEqual([]);
    const back = await type({ '99999': null });
    expect(back.body.codes).not.toHaveProperty('99999');
    for (const bad of [{ abc: 1 }, { '62': 1, '062': 2 }, { '62': true }, { '62': 1e16 }, []]) {
      const refused = await type(bad);
      expect([JSON.stringify(bad), refused.status]).toEqual([JSON.stringify(bad), 400]);
    }
    const wrong = await type({ '538': 1 });
    expect(rulesOf(wrong.body, 'error')).toEqual(['arithmetic-538']);
    const refused = await encargada.post(at('/validate'));
    expect([refused.status, refused.body.code]).toEqual([422, 'sii-connector.return-has-errors']);
    expect(refused.body.findings).toMatchObject([
      { rule: 'arithmetic-538', code: '538', expected: 570_000, actual: 1 },
    ]);
    expect((await type({ '538': null })).body.codes['538'].value).toBe(570_000);
  });

  it('compares with the SII’s own proposal, and takes codes from it', async () => {
    const proposal = { '062': 3_850, '502': 570_000, '520': 94_000 };
    const brought = await contador.put(at('/proposal'), proposal, await version());
    const [found] = brought.body.findings.filter(
      ({ rule }: { rule: string }) => rule === 'proposal',
    );
    expect(found).toMatchObject({ code: '520', expected: 94_000, actual: 95_000 });
    const taken = await contador.post(at('/take-proposed'), { codes: [{ code: '520' }] });
    expect(taken.body.codes['520']).toEqual({ value: 94_000, origin: 'imported' });
    expect(taken.body.codes['89'].value).toBe(466_500);
    expect(rulesOf(taken.body, 'warning')).toContain('typed-over-documents');
    const absent = await contador.post(at('/take-proposed'), { codes: [{ code: '151' }] });
    expect([absent.status, absent.body.code]).toEqual([422, 'sii-connector.no-proposal']);
    await type({ '520': null });
    await contador.put(at('/proposal'), {}, await version());
  });

  it('is approved by another than the accountant, with a reason for each warning', async () => {
    const open = await encargada.post(at('/validate'));
    expect([open.status, open.body.code]).toEqual([422, 'sii-connector.warnings-open']);
    const unknown = { acknowledgements: [{ rule: 'nothing', reason: 'por nada' }] };
    expect((await contador.post(at('/acknowledge'), unknown)).status).toBe(422);
    await acknowledgeAll();
    expect((await contador.post(at('/validate'))).status).toBe(403);
    expect((await contador.post(at('/export'))).status).toBe(409);

    // A document that comes in between is seen, and nothing is approved that it is missing from.
    await bring('rcv-venta', SALE_HEADER, [sale(14, { 'Monto Neto': 100 })], '202609');
    const late = await encargada.post(at('/validate'));
    expect(late.body.findings).toMatchObject([{ rule: 'ledger-stale' }]);
    await contador.post(at('/compute'));
    await acknowledgeAll();
    const validated = await encargada.post(at('/validate'));
    expect([validated.status, validated.body.state]).toEqual([200, 'validated']);
    expect(validated.body.codes['502'].value).toBe(570_019);
  });

  it('is taken to the SII’s site with papers that say what they are', async () => {
    const exported = await contador.post(at('/export'));
    expect([exported.status, exported.body.state]).toEqual([200, 'exported']);
    const csv = await contador.get(at('/files/csv'));
    expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(csv.headers['content-disposition']).toMatch(/f29-[0-9]+-[0-9K]-202609\.csv/);
    expect(csv.text).toContain('538,23,debit,TOTAL DÉBITOS,570019,computed');
    expect(csv.text).toContain('15,,header,Período,202609,computed');
    const xml = await contador.get(at('/files/xml'));
    const markup = xml.text ?? String(xml.body);
    expect(markup).toContain('<code number="151" origin="typed"');
    expect(markup).toContain('no es un formato del SII');
    const page = await contador.get(at('/files/checklist'));
    expect(page.text).toContain('nadie presenta el Formulario 29 sino en sii.cl');
    expect(page.text).toContain('Formulario 29: septiembre de 2026');
    expect(page.text).not.toContain('BORRADOR');
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.text?.indexOf('>538<')).toBeLessThan(page.text?.indexOf('>537<') ?? 0);
  });

  it('is filed with folio and date, paid, and never changes again', async () => {
    const filing = { folio: '6600000016', filedOn: '2026-10-19' };
    for (const wrong of [{ filedOn: '2026-09-30' }, { filedOn: '2099-01-01' }]) {
      const refused = await contador.post(at('/file'), { ...filing, ...wrong });
      expect([refused.status, refused.body.code]).toEqual([422, 'sii-connector.filing-day-wrong']);
    }
    const filed = await contador.post(at('/file'), filing);
    expect(filed.body).toMatchObject({ state: 'filed', ...filing });
    for (const [verb, body] of [
      ['compute', undefined],
      ['validate', undefined],
      ['export', undefined],
      ['file', filing],
    ] as const) {
      const refused = await (await house.as('admin')).post(at(`/${verb}`), body);
      // It says where the return stands; the database's own guard, which comes after, does not.
      expect([verb, refused.status, refused.body.state]).toEqual([verb, 409, 'filed']);
    }
    const typed = await type({ '151': 1 });
    expect([typed.status, typed.body.state]).toEqual([409, 'filed']);
    const change = `UPDATE sii_connector_return SET codes = '{}' WHERE id = $1`;
    await expect(house.rows('owner', change, { values: [id] })).rejects.toThrow('does not change');

    const bounced = await contador.post(at('/reject-payment'), { reason: 'sin fondos' });
    expect(bounced.body.state).toBe('payment_rejected');
    await contador.post(at('/file'), { ...filing, filedOn: '2026-10-20' });
    const paid = await contador.post(at('/pay'), { paidOn: '2026-10-20' });
    expect(paid.body).toMatchObject({ state: 'paid', paidAmount: 481_369, paidOn: '2026-10-20' });
    expect((await contador.post(at('/pay'), { paidOn: '2026-10-20' })).status).toBe(409);
  });

  it('is rectified by a next one, and stays as it was until that one is filed', async () => {
    const before = (await contador.get(at(''))).body;
    const next = await contador.post(at('/rectify'), { reason: 'factura olvidada' });
    expect(next.body).toMatchObject({ revision: 2, state: 'draft', rectifiesId: id });
    expect((await contador.post(at('/rectify'), { reason: 'otra vez' })).status).toBe(409);
    const first = id;
    id = String(next.body.id);
    await bring('rcv-venta', SALE_HEADER, [sale(15, { 'Monto Neto': 200_000 })], '202609');
    const computed = await contador.post(at('/compute'));
    expect(computed.body).toMatchObject({ amount: 519_619, toPay: 38_250 });
    await acknowledgeAll();
    expect((await encargada.post(at('/validate'))).status).toBe(200);
    await contador.post(at('/export'));
    const taken = await contador.post(at('/file'), { folio: '06600000016', filedOn: '2026-11-02' });
    expect([taken.status, taken.body.code]).toEqual([409, 'sii-connector.folio-taken']);
    expect((await contador.get(`sii-connector/f29/${first}`)).body.state).toBe('paid');
    await contador.post(at('/file'), { folio: '6600000017', filedOn: '2026-11-02' });
    const replaced = (await contador.get(`sii-connector/f29/${first}`)).body;
    expect(replaced).toMatchObject({ state: 'rectified', rectifiedById: id, codes: before.codes });

    const events = await (await house.as('admin')).get('audit/events?limit=200&sort=createdAt');
    const steps = (events.body.items as { action: string }[])
      .map(({ action }) => action)
      .filter((action) => action.startsWith('tax_return.'));
    expect(steps.filter((step) => !/typed|computed|acknowledged|proposal/.test(step))).toEqual([
      ...[
        'tax_return.opened',
        'tax_return.validated',
        'tax_return.exported',
        'tax_return.filed',
        'tax_return.payment_rejected',
      ],
      ...[
        'tax_return.filed',
        'tax_return.paid',
        'tax_return.opened',
        'tax_return.validated',
        'tax_return.exported',
      ],
      ...['tax_return.rectified', 'tax_return.filed'],
    ]);
    expect(steps).toEqual(expect.arrayContaining(['tax_return.typed', 'tax_return.acknowledged']));
  });

  it('carries the remainder into the next month by UTM', async () => {
    const bought = [purchase(50, { 'Monto Neto': 10_000_000 })];
    await bring('rcv-compra', PURCHASE_HEADER, bought, '202607');
    const make = async (period: string): Promise<string> => {
      id = String((await contador.post('sii-connector/f29', { period })).body.id);
      await contador.post(at('/compute'));
      return id;
    };
    await make('202607');
    expect((await contador.get(at(''))).body.codes['77'].value).toBe(1_900_000);
    // Without payment it is due on the 28th.
    expect((await contador.get(at(''))).body.dueDate).toBe('2026-08-28');
    await make('202608');
    // 1.900.000 / 71.649 of August = 26,52; × 71.721 of September = 1.902.041.
    const august = (await contador.get(at(''))).body;
    expect(august.codes['504']).toEqual({ value: 1_902_041, origin: 'computed' });
    const trace = await contador.get(at('/codes/504/trace'));
    expect(trace.body.sources.join()).toContain('26.52');
  });

  it('uses figures that an operator enters, with their source', async () => {
    const figure = { kind: 'ppm', period: '202501', value: 0.125, source: 'Ley 21.755' };
    expect((await contador.post('sii-connector/figures', figure)).status).toBe(201);
    await bring('rcv-venta', SALE_HEADER, [sale(60, { 'Monto Neto': 4_000 })], '202608');
    const computed = await contador.post(at('/compute'));
    expect(computed.body.codes['115']).toEqual({ value: 0.125, origin: 'computed' });
    expect(computed.body.codes['62'].value).toBe(5);
    expect((await contador.get(at('/codes/115/trace'))).body.sources.join()).toContain(
      'Ley 21.755',
    );
    const listed = await contador.get('sii-connector/figures?kind=ppm');
    expect(listed.body.items).toMatchObject([figure]);
    expect((await (await house.as('vendedora')).get('sii-connector/figures')).status).toBe(403);
  });

  it('needs a second person where the company says so', async () => {
    const admin = await house.as('admin');
    await admin.put('base/settings/F29_FOUR_EYES', { value: true }, 0);
    await admin.post(at('/compute'));
    await acknowledgeAll();
    const own = await admin.post(at('/validate'));
    expect([own.status, own.body.code]).toEqual([422, 'sii-connector.second-person-needed']);
    expect((await encargada.post(at('/validate'))).body.state).toBe('validated');
  });

  it('checks any return, keeps nothing of it, and speaks the reader’s language', async () => {
    const check = (body: object): Answer =>
      contador.raw('post', '/api/v1/sii-connector/f29/check', body, { 'accept-language': 'en' });
    const sound = { '503': 1, '502': 100, '538': 100, '537': 0, '89': 100, '595': 100, '91': 100 };
    expect((await check({ period: '202610', codes: sound })).body).toEqual({ findings: [] });
    const wrong = await check({
      period: '202610',
      codes: { ...sound, '089': undefined, '91': 90 },
    });
    expect(wrong.body.findings).toMatchObject([
      { rule: 'arithmetic-91', severity: 'error', code: '91', expected: 100, actual: 90 },
    ]);
    expect(wrong.body.findings[0].detail).toContain('the return says 90');
    expect((await check({ period: '202613', codes: {} })).status).toBe(400);
    expect((await check({ period: '202610', codes: [1] })).status).toBe(400);
    expect((await check({ period: '202610' })).status).toBe(400);
    const many = Object.fromEntries(Array.from({ length: 501 }, (_, index) => [index + 1, 1]));
    expect((await check({ period: '202610', codes: many })).status).toBe(400);
    const { body } = await contador.get('sii-connector/f29/rules');
    expect(body.rules.length).toBeGreaterThan(60);
    expect(body.rules.every(({ source }: { source: string }) => source.length > 0)).toBe(true);
  });

  it('takes OFITEC’s own sales where no file tells of the month, and says so', async () => {
    const vendedora = await house.as('vendedora');
    const admin = await house.as('admin');
    const place = await shop(vendedora);
    const order = await takeOrder(vendedora, place, 1, 'CAMISA');
    await admin.put('base/settings/DELIVER_WITH_BALANCE', { value: true }, 0);
    expect((await vendedora.post(`sales/orders/${order.id}/deliver`)).status).toBe(200);
    const period = kernel.businessDay(new Date()).replaceAll('-', '').slice(0, 6);
    id = String((await contador.post('sii-connector/f29', { period })).body.id);
    const { body } = await contador.post(at('/compute'));
    // 2.490 pesos with VAT: 2.092 and 398.
    expect(valuesOf(body)).toMatchObject({ '110': 1, '111': 398, '563': 2_092 });
    expect(rulesOf(body, 'warning')).toContain('own-sales');
    const trace = await contador.get(at('/codes/111/trace'));
    expect([trace.body.items, trace.body.sources.join()]).toEqual([
      ...[[], expect.stringContaining('estimación')],
    ]);
  });

  it('is begun for months that have begun, once, whoever asks at once', async () => {
    const later = await contador.post('sii-connector/f29', { period: '209901' });
    expect([later.status, later.body.code]).toEqual([422, 'sii-connector.period-in-future']);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => contador.post('sii-connector/f29', { period: '202601' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
    const stranger = await contador.get(`sii-connector/f29/${kernel.newId()}`);
    expect(stranger.status).toBe(404);
  });
});

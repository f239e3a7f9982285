import { beforeAll, describe, expect, it } from '@jest/globals';
import { dice, House, rcv } from '#test';
import type { Client } from '#test';

const { purchase, PURCHASE_HEADER, rcvOf, rutOf, sale, SALE_HEADER } = rcv;
type Rows = readonly rcv.RcvRow[];
type Answer = ReturnType<Client['raw']>;

/** Files of the RCV: every oddity that the SII's files have, each document once. */
describe('an RCV is imported', () => {
  let house: House;
  let contador: Client;

  beforeAll(async () => {
    house = await House.open();
    contador = await house.as('contador');
  });

  const send = (query: string, file: string | Buffer): Answer =>
    contador.raw('post', `/api/v1/sii-connector/imports?${query}`, Buffer.from(file), {
      'content-type': 'text/csv',
      'accept-language': 'en',
    });
  const bought = (rows: Rows, query = 'period=202610'): Answer =>
    send(`kind=rcv-compra&${query}`, rcvOf(PURCHASE_HEADER, rows));
  const sold = (rows: Rows, query = 'period=202610'): Answer =>
    send(`kind=rcv-venta&${query}`, rcvOf(SALE_HEADER, rows));
  const found = async (query: string): Promise<Record<string, unknown>[]> =>
    (await contador.get(`sii-connector/documents?limit=200&${query}`)).body.items as [];
  const faultsOf = (answer: { body: { errors: Record<string, unknown>[] } }): object[] =>
    answer.body.errors.map(({ row, column, code }) => ({
      ...{ row, code },
      ...(column === undefined ? {} : { column }),
    }));

  it('takes each document once, however often its file comes', async () => {
    const rows = [purchase(1), purchase(2, { 'Monto Neto': 999 })];
    const first = await bought(rows);
    expect(first.body).toMatchObject({ documents: 2, imported: 2, skipped: 0, errors: [] });
    expect(first.status).toBe(200);
    const again = await bought(rows);
    expect(again.body).toMatchObject({ documents: 2, imported: 0, skipped: 2, warnings: [] });
    const grown = await bought([...rows, purchase(3)]);
    expect(grown.body).toMatchObject({ documents: 3, imported: 1, changed: 0, skipped: 2 });
    const [two] = await found('folio=2');
    expect(two).toMatchObject({
      ...{ book: 'purchase', section: 'REGISTRO', period: '202610', dteType: 33, origin: 'rcv' },
      ...{ counterpartRut: rutOf(76_000_001), counterpartName: 'Insumos Uno SpA', rowNumber: 3 },
      ...{ issueDate: '2026-10-05', receivedAt: '2026-10-06T13:11:12.000Z', claimed: false },
      ...{ transactionType: 'DEL_GIRO', exempt: 0, net: 999, vat: 190, total: 1189, version: 1 },
      ...{ otherTaxes: [], details: {}, documents: 1, importId: first.body.id },
    });
    const made = await contador.get(`sii-connector/imports/${first.body.id}`);
    expect(made.body).toMatchObject({ kind: 'rcv-compra', documents: 2, encoding: 'utf-8' });
    const listed = await contador.get('sii-connector/imports?kind=rcv-compra&period=202610');
    expect(listed.body.items).toHaveLength(3);
  });

  it('takes over what a later file says otherwise, and says so', async () => {
    await bought([purchase(20)], 'period=202610&section=PENDIENTE');
    const [waiting] = await found('folio=20');
    expect(waiting).toMatchObject({ section: 'PENDIENTE', version: 1 });
    const later = await bought([purchase(20, { 'Tipo Compra': 'Activo Fijo' })], 'period=202611');
    expect(later.body).toMatchObject({ documents: 1, imported: 1, changed: 1, skipped: 0 });
    expect(later.body.warnings).toMatchObject([{ code: 'changed' }]);
    const all = await found('folio=20');
    expect(all).toHaveLength(1);
    expect(all[0]).toMatchObject({
      ...{ id: waiting?.['id'], section: 'REGISTRO', period: '202611', version: 2 },
      ...{ transactionType: 'ACTIVO_FIJO', importId: later.body.id },
    });
  });

  it('says what would happen and stores nothing in a dry run', async () => {
    const before = await house.rows('owner', 'SELECT 1 FROM sii_connector_import');
    const dry = await bought([purchase(30), purchase(1)], 'period=202610&dryRun=true');
    expect(dry.status).toBe(200);
    expect(dry.body).toMatchObject({ id: null, dryRun: true, imported: 1, skipped: 1 });
    const faulty = await bought([purchase(31, { Folio: 'x' })], 'period=202610&dryRun=true');
    expect([faulty.status, faulty.body.imported]).toEqual([200, 0]);
    expect(faultsOf(faulty)).toEqual([{ row: 2, column: 'Folio', code: 'folio' }]);
    expect(await found('folio=30')).toEqual([]);
    expect(await house.rows('owner', 'SELECT 1 FROM sii_connector_import')).toEqual(before);
  });

  it('refuses a file with faults as a whole, and tells each by row and column', async () => {
    const answer = await bought([
      purchase(40),
      purchase(41, { 'RUT Proveedor': '76000001-0', 'Fecha Docto': '31/09/2026' }),
      purchase(42, { 'Monto Exento': '12,5', 'Monto Total': -5 }),
      purchase(43, { 'Tipo Compra': 'Otra cosa', 'Fecha Docto': '01/11/2026' }),
    ]);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      code: 'sii-connector.file-refused',
      id: null,
      imported: 0,
    });
    expect(faultsOf(answer)).toEqual([
      { row: 3, column: 'Fecha Docto', code: 'date' },
      { row: 3, column: 'RUT Proveedor', code: 'rut' },
      { row: 4, column: 'Monto Exento', code: 'amount' },
      { row: 4, column: 'Monto Total', code: 'amount-negative' },
      { row: 5, column: 'Tipo Compra', code: 'word' },
      { row: 5, column: 'Fecha Docto', code: 'date-after-period' },
    ]);
    expect(await found('folio=40')).toEqual([]);
    const events = await house.rows<{ payload: object }>(
      'owner',
      `SELECT payload FROM kernel_event WHERE action = 'import.refused' ORDER BY created_at DESC LIMIT 1`,
    );
    expect(events[0]?.payload).toMatchObject({ kind: 'rcv-compra', errors: 6 });
    const many = await bought(Array.from({ length: 300 }, (_, i) => purchase(i + 1, { Folio: 0 })));
    expect(many.body.errors).toHaveLength(101);
    expect(many.body.errors[100]).toMatchObject({ code: 'too-many' });
  });

  it('reads windows-1252, a byte order mark, CRLF, other spellings and columns in another order', async () => {
    const rows = [purchase(50, { 'Razon Social': 'Ñandú y Cía. “Ltda”' })];
    const text = rcvOf(PURCHASE_HEADER, rows).replaceAll('\n', '\r\n');
    const bytes = Buffer.from(text.replace('“', '\x93').replace('”', '\x94'), 'latin1');
    const old = await send('kind=rcv-compra&period=202610', bytes);
    expect(old.body).toMatchObject({ imported: 1 });
    const again = await send('kind=rcv-compra&period=202610', `\ufeff${text}`);
    expect(again.body).toMatchObject({ imported: 0, skipped: 1, warnings: [] });
    expect((await found('folio=50'))[0]).toMatchObject({ counterpartName: 'Ñandú y Cía. “Ltda”' });
    const header = [...PURCHASE_HEADER].reverse().map((name) => name.toUpperCase());
    const row = Object.fromEntries(
      Object.entries(purchase(51)).map(([name, value]) => [name.toUpperCase(), value]),
    );
    const turned = await send('kind=rcv-compra&period=202610', rcvOf(header, [row]));
    expect(turned.body).toMatchObject({ imported: 1, warnings: [] });
    expect((await found('folio=51'))[0]).toMatchObject({ net: 10_000, vat: 1_900, total: 11_900 });
  });

  it('adds further taxes of continuation rows and of groups beyond the header to their document', async () => {
    const tax = (code: number, value: number, rate: string): rcv.RcvRow => ({
      ...{ 'Codigo Otro Impuesto': code, 'Valor Otro Impuesto': value },
      'Tasa Otro Impuesto': rate,
    });
    const text = rcvOf(PURCHASE_HEADER, [
      purchase(60, tax(24, 3_150, '31.5')),
      { ...tax(26, 2_050, '20.5'), 'Tipo Doc': 33, Folio: 60, 'RUT Proveedor': rutOf(76_000_001) },
      { ...tax(27, 100, '-'), 'Tipo Doc': '-' },
      purchase(61),
      purchase(62, tax(24, 1, '31.5')),
    ]);
    const lines = text.trimEnd().split('\n');
    const last = `${lines.pop()}27;2;10;;;;;`;
    const answer = await send('kind=rcv-compra&period=202610', [...lines, last].join('\n'));
    expect(answer.body).toMatchObject({ documents: 3, imported: 3, errors: [], warnings: [] });
    expect((await found('folio=60'))[0]?.['otherTaxes']).toEqual([
      { code: 24, amount: 3_150, rate: 31.5 },
      { code: 26, amount: 2_050, rate: 20.5 },
      { code: 27, amount: 100, rate: null },
    ]);
    expect((await found('folio=61'))[0]?.['otherTaxes']).toEqual([]);
    expect((await found('folio=62'))[0]?.['otherTaxes']).toEqual([
      { code: 24, amount: 1, rate: 31.5 },
      { code: 27, amount: 2, rate: 10 },
    ]);
    const lost = await bought([{ ...tax(26, 1, '1'), 'Tipo Doc': 33 }, purchase(63)]);
    expect(faultsOf(lost)).toEqual([{ row: 2, column: 'Nro', code: 'continuation' }]);
  });

  it('keeps credit notes positive, and takes blanks, dashes and null for nothing', async () => {
    const answer = await bought([
      purchase(70, { 'Tipo Doc': 61, 'Monto Exento': '-', 'IVA uso Comun': 'null' }),
      purchase(71, { 'Tipo Doc': 61, 'Monto Neto': -500, 'Monto Total': '-595' }),
    ]);
    expect(answer.body).toMatchObject({ imported: 2 });
    const codes = (answer.body.warnings as { code: string }[]).map(({ code }) => code);
    expect(codes).toEqual(Array(3).fill('credit-note-negative'));
    expect((await found('folio=70'))[0]).toMatchObject({ exempt: 0, net: 10_000, vat: 1_900 });
    expect((await found('folio=71'))[0]).toMatchObject({ net: 500, vat: 95, total: 595 });
  });

  it('takes a claimed sale and its credit note out, whichever file comes first', async () => {
    const note = sale(80, {
      ...{ 'Tipo Doc': 61, 'Tipo Docto. Referencia': 33, 'Folio Docto. Referencia': '81' },
    });
    const other = sale(82, { ...note, Folio: 82, 'Folio Docto. Referencia': '83' });
    await sold([note, other, sale(83)]);
    const claims = async (): Promise<unknown[]> =>
      (await found('book=sale&period=202610'))
        .filter(({ folio }) => Number(folio) >= 80 && Number(folio) <= 83)
        .map(({ folio, claimed }) => [folio, claimed])
        .sort((a, b) => Number(a[0]) - Number(b[0]));
    expect(await claims()).toEqual([
      [80, false],
      [82, false],
      [83, false],
    ]);
    await sold([sale(81, { 'Fecha Reclamo': '08/10/2026 09:00:00' })]);
    expect(await claims()).toEqual([
      [80, true],
      [81, true],
      [82, false],
      [83, false],
    ]);
    await sold([sale(81)]);
    expect(await claims()).toEqual([
      [80, false],
      [81, false],
      [82, false],
      [83, false],
    ]);
  });

  it('keeps rows without a folio apart, day by day', async () => {
    const boletas = (day: string, net: number): rcv.RcvRow =>
      sale(0, {
        ...{ Nro: day, 'Tipo Doc': 39, Folio: 0, 'Rut cliente': '', 'Razon Social': '' },
        ...{ 'Fecha Docto': `${day}/10/2026`, 'Monto Neto': net },
      });
    const rows = [boletas('01', 100), boletas('02', 200), boletas('02', 300)];
    expect((await sold(rows)).body).toMatchObject({ documents: 3, imported: 3, errors: [] });
    expect((await sold(rows)).body).toMatchObject({ documents: 3, imported: 0, skipped: 3 });
    const kept = await found('dteType=39');
    expect(kept.map(({ net }) => net).sort()).toEqual([100, 200, 300]);
    expect(kept[0]).toMatchObject({ counterpartRut: '66666666-6', folio: 0 });
  });

  it('takes totals of boletas from a summary, and no type twice', async () => {
    const summary = (rows: readonly string[]): string =>
      [
        'Tipo Documento;Total Documentos;Monto Exento;Monto Neto;Monto IVA;Monto Total',
        ...rows,
      ].join('\n');
    const rows = [
      'Factura Electronica (33);3;0;300;57;357',
      'Total operaciones del mes Boleta Electronica (41);0;0;0;0;0',
      'Comprobante de Pago Electronico (48);1.234;0;1000;190;1190',
    ];
    const query = 'kind=rcv-venta&period=202608';
    const answer = await send(query, summary(rows));
    expect(answer.body).toMatchObject({ documents: 1, imported: 1, errors: [] });
    expect(answer.body.warnings).toMatchObject([{ code: 'summed-elsewhere' }]);
    expect((await found('period=202608'))[0]).toMatchObject({
      ...{ dteType: 48, documents: 1_234, net: 1_000, vat: 190, total: 1_190, folio: 0 },
      issueDate: '2026-08-31',
    });
    const later = await send(query, summary(['48;1235;0;1001;190;1191']));
    expect(later.body).toMatchObject({ imported: 1, changed: 1 });
    expect(await found('period=202608')).toHaveLength(1);
    const daily = sale(0, { 'Tipo Doc': 48, Folio: '', 'Fecha Docto': '04/08/2026' });
    const twice = await sold([daily], 'period=202608');
    expect(faultsOf(twice)).toEqual([{ row: 2, code: 'summed-twice' }]);
    const unknown = await send('kind=rcv-venta', summary(rows));
    expect(faultsOf(unknown)).toEqual([{ row: 1, code: 'period-unknown' }]);
  });

  it('takes a repeated row once when it says the same, and refuses it when it does not', async () => {
    const same = await bought([purchase(90), purchase(91), purchase(90)]);
    expect(same.body).toMatchObject({ documents: 3, imported: 2, skipped: 1 });
    expect(same.body.warnings).toMatchObject([{ code: 'duplicate-same', row: 4 }]);
    const other = await bought([purchase(92), purchase(93), purchase(92, { 'Monto Neto': 1 })]);
    expect(faultsOf(other)).toEqual([{ row: 4, column: 'Folio', code: 'duplicate' }]);
    expect(await found('folio=93')).toEqual([]);
  });

  it('refuses a file of another company, kind, section or period', async () => {
    const own = String((await contador.get('base/company')).body.rut);
    const file = (name: string): string => `fileName=${name}`;
    const cases: [string, string, string][] = [
      ['rcv-compra', file(`RCV_COMPRA_REGISTRO_${rutOf(76_999_999)}_202610.csv`), 'other-company'],
      ['rcv-compra', `period=202611&${file(`RCV_COMPRA_REGISTRO_${own}_202610.csv`)}`, 'file-name'],
      [
        'rcv-compra',
        `section=PENDIENTE&${file(`RCV_COMPRA_REGISTRO_${own}_202610.csv`)}`,
        'file-name',
      ],
      ['rcv-venta', 'period=202610', 'other-kind'],
      ['rcv-compra', '', 'period-unknown'],
    ];
    const text = rcvOf(PURCHASE_HEADER, [purchase(100)]);
    for (const [kind, query, code] of cases) {
      const answer = await send(`kind=${kind}&${query}`, text);
      expect([query, answer.status, answer.body.errors[0]?.code]).toEqual([query, 422, code]);
    }
    const claimed = PURCHASE_HEADER.map((name) =>
      name === 'Fecha Acuse' ? 'Fecha Reclamo' : name,
    );
    const wrong = await send(
      'kind=rcv-compra&period=202610&section=REGISTRO',
      rcvOf(claimed, [purchase(100)]),
    );
    expect(faultsOf(wrong)).toEqual([{ row: 1, code: 'section' }]);
    expect(await found('folio=100')).toEqual([]);
    const told = await send(
      `kind=rcv-compra&${file(`RCV_COMPRA_RECLAMADO_${own}_2026_10.csv`)}`,
      rcvOf(claimed, [purchase(100)]),
    );
    expect(told.body).toMatchObject({ period: '202610', section: 'RECLAMADO', imported: 1 });
    expect((await found('folio=100'))[0]).toMatchObject({ section: 'RECLAMADO', claimed: true });
    expect((await sold([sale(101)], '')).body).toMatchObject({ period: '202610', imported: 1 });
  });

  it('comes to the same ledger however the files are split, in whatever order they come', async () => {
    const roll = dice(7);
    const note = (folio: number, of: number): rcv.RcvRow =>
      sale(folio, {
        ...{ 'Tipo Doc': 61, 'Tipo Docto. Referencia': 33, 'Folio Docto. Referencia': `0${of}` },
      });
    // Totals of boletas: one a day. Several of a day are told apart by their order in the file.
    const rows = Array.from({ length: 60 }, (_, i) => {
      if (i % 7 === 3) return note(i + 1, i);
      const claimed: rcv.RcvRow = i % 14 === 2 ? { 'Fecha Reclamo': '09/10/2026 10:00:00' } : {};
      const net = 1 + Math.floor(roll() * 1e6);
      return i % 5 === 1
        ? sale(0, {
            'Tipo Doc': 39,
            Folio: 0,
            'Fecha Docto': `${10 + Math.floor(i / 5)}/10/2026`,
            Nro: i,
          })
        : sale(i + 1, { 'Monto Neto': net, ...claimed });
    });
    const ledger = async (): Promise<string> => {
      const kept = await house.rows(
        'owner',
        `SELECT dte_type, folio, summary, net, vat, total, claimed, reference_folio
         FROM sii_connector_document ORDER BY dte_type, folio, summary`,
      );
      await house.rows('owner', 'TRUNCATE sii_connector_document');
      return JSON.stringify(kept);
    };
    await house.rows('owner', 'TRUNCATE sii_connector_document');
    expect((await sold(rows)).body).toMatchObject({ documents: 60, errors: [] });
    const whole = await ledger();
    expect(whole).toContain('"claimed":true');
    for (let round = 0; round < 5; round += 1) {
      const files: rcv.RcvRow[][] = [[], [], []];
      for (const row of rows) files[Math.floor(roll() * 3)]?.push(row);
      for (const file of files.sort(() => roll() - 0.5)) {
        expect((await sold(file)).body.errors).toEqual([]);
      }
      expect(await ledger()).toBe(whole);
    }
  });
});

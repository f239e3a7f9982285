import { beforeAll, describe, expect, it } from '@jest/globals';
import { dte, House, rcv } from '#test';
import type { Client } from '#test';

const { dteOf, envelopeOf, signed } = dte;
type Answer = ReturnType<Client['raw']>;

/** Electronic documents and fees into the ledger, beside the RCV and behind it. */
describe('electronic documents are imported', () => {
  let house: House;
  let contador: Client;
  let own: string;
  const supplier = rcv.rutOf(76_000_001);
  const customer = rcv.rutOf(77_000_001);

  beforeAll(async () => {
    house = await House.open();
    contador = await house.as('contador');
    own = String((await contador.get('base/company')).body.rut);
  });

  const send = (query: string, file: string | Buffer): Answer =>
    contador.raw('post', `/api/v1/sii-connector/imports?${query}`, Buffer.from(file), {
      'content-type': 'application/xml',
      'accept-language': 'en',
    });
  const found = async (query: string): Promise<Record<string, unknown>[]> =>
    (await contador.get(`sii-connector/documents?limit=200&${query}`)).body.items as [];
  const codesOf = (list: { row: number; code: string }[]): [number, string][] =>
    list.map(({ row, code }) => [row, code]);

  it('takes an envelope with purchases and sales, and keeps its bytes', async () => {
    const file = envelopeOf(
      signed(
        dteOf({
          type: 33,
          folio: 1,
          from: supplier,
          to: own,
          id: '<TpoTranCompra>4</TpoTranCompra>',
        }),
      ),
      signed(
        dteOf({
          type: 61,
          folio: 2,
          from: own,
          to: customer,
          more: '<Referencia><NroLinRef>1</NroLinRef><TpoDocRef>33</TpoDocRef><FolioRef>9</FolioRef></Referencia>',
        }),
      ),
      signed(
        dteOf({
          type: 39,
          folio: 3,
          id: '<TpoTranVenta>constructor</TpoTranVenta>',
          from: own,
          to: '',
        }),
      ),
      signed(
        dteOf({
          type: 46,
          folio: 4,
          from: own,
          to: supplier,
          day: '2026-11-02',
          totals:
            '<MntNeto>1000</MntNeto><IVA>190</IVA><ImptoReten><TipoImp>15</TipoImp><TasaImp>19</TasaImp><MontoImp>190</MontoImp></ImptoReten><MntTotal>1000</MntTotal>',
        }),
      ),
      signed(
        dteOf({
          type: 110,
          folio: 5,
          from: own,
          to: '55555555-5',
          totals:
            '<TpoMoneda>DOLAR USA</TpoMoneda><MntExe>100.5</MntExe><MntTotal>100.5</MntTotal></Totales><OtraMoneda><TpoMoneda>PESO CL</TpoMoneda><MntExeOtrMnda>95000</MntExeOtrMnda><MntTotOtrMnda>95000</MntTotOtrMnda></OtraMoneda><Totales>',
        }),
      ),
    );
    const answer = await send('kind=dte', file);
    expect(answer.body).toMatchObject({
      documents: 5,
      imported: 5,
      period: null,
      errors: [],
      warnings: [],
    });
    const all = Object.fromEntries(
      (await found(`importId=${answer.body.id}`)).map((each) => [each['folio'], each]),
    );
    expect(all[1]).toMatchObject({
      ...{ book: 'purchase', origin: 'dte', period: '202610', transactionType: 'ACTIVO_FIJO' },
      ...{ counterpartRut: supplier, counterpartName: 'Insumos Uno SpA', net: 10_000, vat: 1_900 },
      ...{ fixedAssetNet: 10_000, fixedAssetVat: 1_900, total: 11_900, raw: null, rowNumber: 1 },
    });
    expect(all[2]).toMatchObject({
      book: 'sale',
      referenceType: 33,
      referenceFolio: '9',
      counterpartName: 'Hotel Dos & Cía',
    });
    expect(all[3]).toMatchObject({
      book: 'sale',
      counterpartRut: '66666666-6',
      transactionType: null,
    });
    expect(all[4]).toMatchObject({
      book: 'purchase',
      period: '202611',
      otherTaxes: [{ code: 15, amount: 190, rate: 19 }],
    });
    expect(all[5]).toMatchObject({ book: 'sale', exempt: 95_000, total: 95_000, net: 0 });
    const [kept] = await house.rows<{ content: Buffer }>(
      'owner',
      'SELECT content FROM sii_connector_import_file WHERE id = $1',
      { values: [answer.body.id] },
    );
    expect(kept?.content.equals(file)).toBe(true);
    expect((await send('kind=dte', file)).body).toMatchObject({ imported: 0, skipped: 5 });
  });

  it('says which signatures are missing or do not hold, and takes the documents', async () => {
    const good = signed(dteOf({ type: 33, folio: 11, from: supplier, to: own }));
    const altered = signed(dteOf({ type: 33, folio: 12, from: supplier, to: own })).replace(
      '<MntTotal>11900',
      '<MntTotal>11901',
    );
    const answer = await send(
      'kind=dte',
      envelopeOf(good, altered, dteOf({ type: 33, folio: 13, from: supplier, to: own })),
    );
    expect(answer.body).toMatchObject({ imported: 3, errors: [] });
    expect(codesOf(answer.body.warnings)).toEqual([
      [2, 'signature-invalid'],
      [3, 'signature-missing'],
    ]);
    const alone = await send(
      'kind=dte',
      signed(dteOf({ type: 33, folio: 14, from: supplier, to: own })),
    );
    expect(alone.body).toMatchObject({ imported: 1, warnings: [] });
  });

  it('lets the RCV count where both tell of a document, and says what differs', async () => {
    const row = rcv.sale(21, { 'Rut cliente': customer });
    await send(
      'kind=rcv-venta&period=202610',
      rcv.rcvOf(rcv.SALE_HEADER, [row, rcv.sale(22, { 'Tipo Doc': 61, 'Fecha Reclamo': '' })]),
    );
    const claimed = await send(
      'kind=rcv-venta&period=202610',
      rcv.rcvOf(rcv.SALE_HEADER, [{ ...row, 'Fecha Reclamo': '09/10/2026 08:00:00' }]),
    );
    expect(claimed.body).toMatchObject({ changed: 1 });
    const note = dteOf({
      type: 61,
      folio: 22,
      from: own,
      to: customer,
      totals: '<MntNeto>1</MntNeto><IVA>0</IVA><MntTotal>1</MntTotal>',
      more: '<Referencia><TpoDocRef>33</TpoDocRef><FolioRef>21</FolioRef></Referencia>',
    });
    const answer = await send('kind=dte', envelopeOf(note));
    expect(answer.body).toMatchObject({ imported: 1, changed: 1 });
    expect(codesOf(answer.body.warnings)).toEqual([
      [1, 'signature-missing'],
      [1, 'amounts-differ'],
      [0, 'changed'],
    ]);
    const [kept] = await found('folio=22');
    expect(kept).toMatchObject({ origin: 'rcv', net: 10_000, referenceFolio: '21', claimed: true });
  });

  it('refuses what is of another company, unknown or not a document', async () => {
    const foreign = dteOf({ type: 33, folio: 31, from: supplier, to: customer });
    const fine = dteOf({ type: 33, folio: 32, from: supplier, to: own });
    const cases: [Buffer, [number, string][]][] = [
      [envelopeOf(fine, foreign), [[2, 'other-company']]],
      [envelopeOf(dteOf({ type: 99, folio: 1, from: supplier, to: own })), [[1, 'type']]],
      [envelopeOf(dteOf({ type: 33, folio: 0, from: supplier, to: own })), [[1, 'folio']]],
      [envelopeOf(dteOf({ type: 33, folio: 1, from: '76000001-0', to: own })), [[1, 'rut']]],
      [
        envelopeOf(dteOf({ type: 33, folio: 1, from: supplier, to: own, day: '2026-13-01' })),
        [[1, 'date']],
      ],
      [
        envelopeOf(
          dteOf({
            type: 33,
            folio: 1,
            from: supplier,
            to: own,
            totals: '<MntTotal>1e9</MntTotal>',
          }),
        ),
        [[1, 'amount']],
      ],
      [envelopeOf(fine.replace('</DTE>', '<Documento></Documento></DTE>')), [[1, 'xml-element']]],
      [envelopeOf(), [[0, 'xml-element']]],
    ];
    for (const [file, codes] of cases) {
      const answer = await send('kind=dte', file);
      expect([answer.status, codesOf(answer.body.errors ?? [])]).toEqual([422, codes]);
    }
    expect(await found('folio=32')).toEqual([]);
  });

  it('takes a report of fees, its titles and sums left out, by month of payment', async () => {
    const report = (rows: readonly string[]): string =>
      [
        'Boletas de honorarios recibidas',
        'Octubre;2026',
        'N° Boleta;Fecha;Estado;Fecha Pago;Rut Emisor;Nombre o Razón Social;Brutos;Retenido;Pagado',
        ...rows,
        ';;;;;Totales;1;1;1',
      ].join('\r\n');
    const one = '10;05/10/2026;VIGENTE;02/11/2026;12.345.678-5;Ana Pérez;1.000.000;152.500;847.500';
    const two = '11;06/10/2026;ANULADA;;12345678-5;Ana Pérez;500000;76250;423750';
    const bytes = Buffer.from(report([one, two]), 'latin1');
    const answer = await send('kind=honorarios', bytes);
    expect(answer.body).toMatchObject({ documents: 2, imported: 2, period: null, errors: [] });
    const fees = (await contador.get('sii-connector/fees')).body.items as Record<string, unknown>[];
    expect(fees.sort((a, b) => Number(a['number']) - Number(b['number']))).toMatchObject([
      {
        number: 10,
        period: '202611',
        paidOn: '2026-11-02',
        issuerRut: '12345678-5',
        issuerName: 'Ana Pérez',
        gross: 1_000_000,
        withheld: 152_500,
        net: 847_500,
        voided: false,
      },
      { number: 11, period: '202610', paidOn: null, voided: true },
    ]);
    expect((await send('kind=honorarios', bytes)).body).toMatchObject({ imported: 0, skipped: 2 });
    const corrected = await send(
      'kind=honorarios&period=202612',
      report([one.replace('02/11', '03/12')]),
    );
    expect(corrected.body).toMatchObject({ imported: 1, changed: 1, period: '202612' });
    const wrong = await send('kind=honorarios', report([two.replace('423750', '423751')]));
    expect(codesOf(wrong.body.errors)).toEqual([[4, 'honorarios-amounts']]);
    const other = await send('kind=honorarios', 'a;b\n1;2\n');
    expect(codesOf(other.body.errors)).toEqual([[1, 'not-rcv']]);
  });
});

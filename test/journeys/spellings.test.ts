import { beforeAll, describe, expect, it } from '@jest/globals';
import { House, kernel, rcv } from '#test';
import type { Client } from '#test';

type Answer = ReturnType<Client['raw']>;

/** Files as others describe them; none of them was seen, so that several spellings are understood. */
describe('spellings of files', () => {
  let house: House;
  let contador: Client;
  let digits: string;

  beforeAll(async () => {
    house = await House.open();
    contador = await house.as('contador');
    [digits = ''] = String((await contador.get('base/company')).body.rut).split('-');
  });

  const send = (query: string, text: string, encoding: BufferEncoding = 'utf8'): Answer =>
    contador.raw('post', `/api/v1/sii-connector/imports?${query}`, Buffer.from(text, encoding), {
      'content-type': 'text/csv',
    });

  it('the summary of sales: CRLF, windows-1252, the type in brackets, digits in its name', async () => {
    const text = [
      'Tipo Documento;Total Documentos;Monto Exento;Monto Neto;Monto IVA;Monto Total',
      'Total Oper. del mes Boleta Electr.(39);17;0;141598;26902;168500',
      'Total mes Comprobantes Pago Electrónico(48);2;0;1000;190;1190',
      'Factura Electrónica(33);3;0;300;57;357',
      '',
    ].join('\r\n');
    const name = `fileName=RCV_RESUMEN_VENTA_${digits}_202605.csv`;
    const taken = await send(`kind=rcv-venta&${name}`, text, 'latin1');
    expect(taken.body).toMatchObject({ period: '202605', imported: 2, errors: [] });
    const { body } = await contador.get('sii-connector/documents?period=202605&dteType=39');
    expect(body.items).toMatchObject([
      { documents: 17, net: 141_598, vat: 26_902, total: 168_500 },
    ]);
    const check = kernel.rutCheckCharacter(digits);
    for (const [rut, status] of [
      [`${digits}${check}`, 200],
      [`${digits}-${check}`, 200],
      ['76999999', 422],
    ] as const) {
      const other = `fileName=RCV_RESUMEN_VENTA_${rut}_202605.csv`;
      expect([rut, (await send(`kind=rcv-venta&${other}`, text, 'latin1')).status]).toEqual([
        ...[rut, status],
      ]);
    }
  });

  it('the summary of purchases is read, and left to the details', async () => {
    const text = [
      'Tipo Documento;Total Documentos;Monto Exento;Monto Neto;IVA Recuperable;IVA Uso Comun;IVA No Recuperable;Monto Total',
      'Factura Electronica(33);3;0;300;57;0;0;357',
    ].join('\n');
    const name = `fileName=RCV_RESUMEN_COMPRA_REGISTRO_${digits}_202605.csv`;
    const taken = await send(`kind=rcv-compra&${name}`, text);
    expect(taken.body).toMatchObject({ period: '202605', section: 'REGISTRO', imported: 0 });
    expect(taken.body.warnings).toMatchObject([{ code: 'summed-elsewhere' }]);
  });

  it('fees with the RUT in two columns, two withholdings, and S for what was voided', async () => {
    const header =
      'nroboleta;fechaboleta;rutemisor;dvemisor;nombre_emisor;totalhonorarios;retencion_emisor;retencion_receptor;honorariosliquidos;estado;fechaanulacion';
    const [one, two] = [rcv.rutOf(12_000_001), rcv.rutOf(13_000_002)].map((rut) => rut.split('-'));
    const text = [
      header,
      `1;05/10/2026;${one?.join(';')};Ana;100.000;0;15.250;84.750;N;`,
      `2;06/10/2026;${two?.join(';')};Luis;100.000;15.250;0;84.750;N;`,
      `3;07/10/2026;${one?.join(';')};Ana;50.000;0;7.625;42.375;S;08/10/2026`,
      `4;07/10/2026;${two?.join(';')};Luis;50.000;0;0;50.000;N;09/10/2026`,
    ].join('\n');
    const taken = await send('kind=honorarios&period=202610', text);
    expect(taken.body).toMatchObject({ imported: 4, errors: [] });
    const { body } = await contador.get('sii-connector/fees?period=202610');
    const fees = (body.items as Record<string, unknown>[]).sort(
      (a, b) => Number(a['number']) - Number(b['number']),
    );
    expect(fees).toMatchObject([
      { number: 1, issuerRut: one?.join('-'), gross: 100_000, withheld: 15_250, voided: false },
      // What the issuer pays itself is none of the company's.
      { number: 2, issuerRut: two?.join('-'), gross: 100_000, withheld: 0, voided: false },
      { number: 3, withheld: 7_625, voided: true },
      { number: 4, withheld: 0, voided: true },
    ]);
    const odd = text.replace('84.750;N;\n2', '84.751;N;\n2');
    const refused = await send('kind=honorarios&period=202610', odd);
    expect(refused.body.errors).toMatchObject([{ row: 2, code: 'honorarios-amounts' }]);
  });
});

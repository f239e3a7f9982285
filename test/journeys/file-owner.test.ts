import { beforeAll, describe, expect, it } from '@jest/globals';
import { foundSecondCompany, House, rcv } from '#test';
import type { Client } from '#test';

const { purchase, PURCHASE_HEADER, rcvOf, rutOf, sale, SALE_HEADER } = rcv;

type Answer = ReturnType<Client['raw']>;

/** An RCV does not say whose it is: what speaks against its being ours is a fault until somebody says otherwise. */
describe('whose file it is', () => {
  let house: House;
  let ours: Client;
  let theirs: Client;
  let own: string;

  beforeAll(async () => {
    house = await House.open();
    await foundSecondCompany(house);
    ours = await house.as('contador');
    theirs = await house.as('contador.dos');
    own = String((await ours.get('base/company')).body.rut);
  });

  const send = (client: Client, query: string, text: string): Answer =>
    client.raw('post', `/api/v1/sii-connector/imports?period=202610&${query}`, Buffer.from(text), {
      'content-type': 'text/csv',
    });
  const codes = (list: { code: string }[]): string[] => list.map(({ code }) => code);

  it('the very file that another company took is refused, and told apart from nothing else', async () => {
    const text = rcvOf(PURCHASE_HEADER, [purchase(1), purchase(2)]);
    expect((await send(ours, 'kind=rcv-compra', text)).status).toBe(200);
    const refused = await send(theirs, 'kind=rcv-compra', text);
    expect([refused.status, codes(refused.body.errors)]).toEqual([422, ['imported-elsewhere']]);
    expect((await theirs.get('sii-connector/documents')).body.items).toEqual([]);
    // The same documents in another file tell one company nothing of the other's ledger.
    const other = rcvOf(PURCHASE_HEADER, [purchase(1), purchase(3)]);
    expect((await send(theirs, 'kind=rcv-compra', other)).body).toMatchObject({ imported: 2 });
    expect((await send(ours, 'kind=rcv-compra', text)).body).toMatchObject({ skipped: 2 });
  });

  it('a person may say that it is ours', async () => {
    const text = rcvOf(PURCHASE_HEADER, [purchase(11)]);
    await send(ours, 'kind=rcv-compra', text);
    const taken = await send(theirs, 'kind=rcv-compra&mine=true', text);
    expect(taken.body).toMatchObject({ imported: 1, errors: [] });
    expect(codes(taken.body.warnings)).toEqual(['imported-elsewhere']);
    const kept = await theirs.get(`sii-connector/imports/${String(taken.body.id)}`);
    expect(codes(kept.body.warnings)).toEqual(['imported-elsewhere']);
  });

  it('a month without documents is the same file for everybody', async () => {
    const text = rcvOf(SALE_HEADER, []);
    expect((await send(ours, 'kind=rcv-venta', text)).status).toBe(200);
    expect((await send(theirs, 'kind=rcv-venta', text)).status).toBe(200);
  });

  it('purchases from ourselves are another one’s purchases', async () => {
    const rows = [purchase(21), purchase(22, { 'RUT Proveedor': own })];
    const refused = await send(ours, 'kind=rcv-compra', rcvOf(PURCHASE_HEADER, rows));
    expect([refused.status, refused.body.errors]).toEqual([
      422,
      [expect.objectContaining({ row: 3, code: 'own-counterpart' })],
    ]);
    expect((await ours.get('sii-connector/documents?folio=21')).body.items).toEqual([]);
    const taken = await send(ours, 'kind=rcv-compra&mine=true', rcvOf(PURCHASE_HEADER, rows));
    expect([taken.status, codes(taken.body.warnings)]).toEqual([200, ['own-counterpart']]);
  });

  it('sales to ourselves are only odd', async () => {
    const rows = [sale(31, { 'Rut cliente': own })];
    const taken = await send(ours, 'kind=rcv-venta', rcvOf(SALE_HEADER, rows));
    expect([taken.status, codes(taken.body.warnings)]).toEqual([200, ['own-counterpart']]);
  });

  it('a folio of ours is not given to two customers', async () => {
    const [ana, luis] = [rutOf(77_000_001), rutOf(77_000_002)];
    const first = rcvOf(SALE_HEADER, [sale(41, { 'Rut cliente': ana })]);
    expect((await send(ours, 'kind=rcv-venta', first)).status).toBe(200);
    const other = [sale(40, { 'Rut cliente': luis }), sale(41, { 'Rut cliente': luis })];
    const refused = await send(ours, 'kind=rcv-venta', rcvOf(SALE_HEADER, other));
    expect(refused.body.errors).toMatchObject([{ row: 3, code: 'sales-of-another' }]);
    expect((await ours.get('sii-connector/documents?folio=40')).body.items).toEqual([]);
    // Boletas often name nobody, and then somebody.
    const boletas = [41, 42].map((folio) => sale(folio, { 'Tipo Doc': 39, 'Rut cliente': ana }));
    await send(ours, 'kind=rcv-venta', rcvOf(SALE_HEADER, boletas));
    const named = boletas.map((row) => ({ ...row, 'Rut cliente': luis }));
    expect((await send(ours, 'kind=rcv-venta', rcvOf(SALE_HEADER, named))).status).toBe(200);
    // Another company has folios of its own.
    expect((await send(theirs, 'kind=rcv-venta', rcvOf(SALE_HEADER, other))).status).toBe(200);
  });
});

import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { foundSecondCompany, House, kernel, openSession, operationsOf, shop } from '#test';
import { takeOrder } from '#test';
import type { Client, Shop } from '#test';

const CUTS = 'payments/daily-cuts';

/** The corte as a table for spreadsheets and as a page to print: the figures of the JSON, inert. */
describe('daily cut on paper', () => {
  const date = kernel.businessDay(new Date());
  let house: House;
  let vendedora: Client;
  let encargada: Client;
  let admin: Client;
  let centro: Shop;
  let cut: { id: string; rowsHash: string; createdAt: string };
  let sessionId: string;

  beforeAll(async () => {
    house = await House.open();
    vendedora = await house.as('vendedora');
    encargada = await house.as('encargada');
    admin = await house.as('admin');
    centro = await shop(admin);
    await rename('base/branches', centro.branchId, '<script>alert(1)</script> & "Ñuñoa"');
    const me = (await vendedora.get('auth/me')).body.user as { id: string };
    await rename('base/users', me.id, `=cmd|' /C calc'!A0`);
    const company = await admin.get('base/company');
    const name = 'Lavandería;=1+1\n@SUM(1)';
    await admin.patch('base/company', { name }, Number(company.body.version));
    await liveTheDay();
  });

  async function rename(path: string, id: string, name: string): Promise<void> {
    const { version } = (await admin.get(`${path}/${id}`)).body as { version: number };
    expect((await admin.patch(`${path}/${id}`, { name }, version)).status).toBe(200);
  }

  async function liveTheDay(): Promise<void> {
    const odd = await admin.post('sales/services', { code: 'IMPAR', name: 'Impar', price: 4_003 });
    centro = { ...centro, services: { ...centro.services, IMPAR: String(odd.body.id) } };
    sessionId = await openSession(vendedora, centro.registerIds[0] ?? '', 1_010_000);
    await openSession(encargada, centro.registerIds[1] ?? '', 0);
    const pay = (orderId: string, method: string, amount: number): ReturnType<Client['pay']> =>
      vendedora.pay('payments/payments', { orderId, method, amount });
    const first = await takeOrder(vendedora, centro, 1, 'IMPAR');
    await pay(first.id, 'cash', 4_003);
    await vendedora.post(`sales/orders/${first.id}/deliver`);
    const second = await takeOrder(vendedora, centro, 2, 'IMPAR');
    const card = await pay(second.id, 'debit', 3_000);
    await vendedora.pay(`payments/payments/${String(card.body.id)}/void`, { reason: 'otra' });
    await pay(second.id, 'credit', 1_000);
    const third = await takeOrder(vendedora, centro, 1, 'CAMISA');
    await vendedora.post(`sales/orders/${third.id}/cancel`, { reason: 'no quiso esperar' });
    await vendedora.pay(`payments/cash-sessions/${sessionId}/movements`, {
      ...{ type: 'drop', amount: 5_000, reason: 'a la caja fuerte' },
    });
    await vendedora.post(`payments/cash-sessions/${sessionId}/close`, { countedAmount: 1_008_990 });
    const { branchId } = centro;
    const made = await admin.post(CUTS, { branchId, date, force: true });
    expect(made.status).toBe(201);
    cut = made.body as typeof cut;
  }

  const day = (): string => date.split('-').reverse().join('-');

  it('is a CSV whose texts no spreadsheet runs and whose numbers are numbers', async () => {
    const answer = await encargada.get(`${CUTS}/${cut.id}.csv`);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8');
    const file = `attachment; filename="corte-CENTRO-${date}-1.csv"`;
    expect(answer.headers['content-disposition']).toBe(file);
    expect(answer.headers['cache-control']).toBe('no-store');
    const ids = /[0-9a-f]{8}-[0-9a-f-]{27}/g;
    expect(answer.text.replaceAll(ids, 'ID').replace(cut.rowsHash, 'HASH').split('\r\n')).toEqual([
      'section,item,id,text,register,cashier,count,amount,openingAmount,expectedAmount,countedAmount,difference',
      'cut,id,ID,,,,,,,,,',
      `cut,company,,"Lavandería;'=1+1\n'@SUM(1)",,,,,,,,`,
      'cut,rut,,76123456-0,,,,,,,,',
      'cut,branchCode,,CENTRO,,,,,,,,',
      'cut,branchName,ID,"<script>alert(1)</script> & ""Ñuñoa""",,,,,,,,',
      `cut,date,,${date},,,,,,,,`,
      'cut,sequence,,,,,1,,,,,',
      'cut,forced,,true,,,,,,,,',
      'cut,cutBy,ID,Ana Administradora,,,,,,,,',
      `cut,createdAt,,${cut.createdAt},,,,,,,,`,
      'cut,rowsHash,,HASH,,,,,,,,',
      // Nothing is sealed where no worker runs.
      'cut,auditAnchor,,,,,,,,,,',
      'total,,,,,,3,5003,,,,',
      'method,cash,,,,,1,4003,,,,',
      'method,debit,,,,,1,0,,,,',
      'method,credit,,,,,1,1000,,,,',
      'method,transfer,,,,,0,0,,,,',
      `cashier,,ID,,,'=cmd|' /C calc'!A0,3,5003,,,,`,
      `session,closed,ID,,CENTRO-1,'=cmd|' /C calc'!A0,3,5003,1010000,1009000,1008990,-10`,
      ...['rounding,,,,,,-3', 'cashIn,,,,,,0', 'cashOut,,,,,,0', 'drops,,,,,,-5000'].map(
        (line) => `cash,${line},,,,`,
      ),
      ...['voids,,,,,,-3000', 'refunds,,,,,,0', 'difference,,,,,,-10'].map(
        (line) => `cash,${line},,,,`,
      ),
      ...['received', 'returned', 'spent'].map((item) => `prepaid,${item},,,,,,0,,,,`),
      'received,,,,,,,5003,,,,',
      'orders,taken,,,,,3,14499,,,,',
      'orders,delivered,,,,,1,4003,,,,',
      'orders,cancelled,,,,,1,2490,,,,',
      'orders,outstanding,,,,,1,7006,,,,',
      '',
    ]);
  });

  it('is a page that says every figure, in Spanish, in the time of Chile', async () => {
    const { status, headers, text } = await encargada.get(`${CUTS}/${cut.id}.html`);
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const rows = [...text.matchAll(/<tr[^]*?<\/tr>/g)].map(([row]) =>
      [...row.matchAll(/<t[dh][^>]*>([^<]*)</g)].map(([, cell]) => cell),
    );
    expect(rows).toEqual([
      ['Medio', 'Pagos', 'Monto'],
      ['Efectivo', '1', '$4.003'],
      ['Débito', '1', '$0'],
      ['Crédito', '1', '$1.000'],
      ['Transferencia', '0', '$0'],
      ['Total', '3', '$5.003'],
      ['Nombre', 'Pagos', 'Monto'],
      ['=cmd|&#39; /C calc&#39;!A0', '3', '$5.003'],
      ['Caja', 'Nombre', 'Estado', 'Fondo', 'Pagos', 'Esperado', 'Contado', 'Diferencia'],
      [
        ...['CENTRO-1', '=cmd|&#39; /C calc&#39;!A0', 'cerrada', '$1.010.000', '$5.003'],
        ...['$1.009.000', '$1.008.990', '-$10'],
      ],
      ['Concepto', 'Monto'],
      ['Redondeo (Ley 20.956)', '-$3'],
      ['Ingresos de efectivo', '$0'],
      ['Retiros de efectivo', '$0'],
      ['Entregas a caja fuerte o banco', '-$5.000'],
      ['Anulaciones', '-$3.000'],
      ['Devoluciones', '$0'],
      ['Diferencia de todas las cajas', '-$10'],
      ['Concepto', 'Monto'],
      ['Recibido por adelantado', '$0'],
      ['Devuelto', '$0'],
      ['Usado en pagos (no entra dinero)', '$0'],
      ['Dinero recibido, pagos y prepagos', '$5.003'],
      ['Pedidos', 'N.º', 'Monto'],
      ['Recibidos', '3', '$14.499'],
      ['Entregados', '1', '$4.003'],
      ['Anulados', '1', '$2.490'],
      ['Por cobrar, de cualquier día', '1', '$7.006'],
    ]);
    const local = new Date(cut.createdAt).toLocaleString('sv', { timeZone: 'America/Santiago' });
    const time = local.slice(11);
    expect(text).toContain('<html lang="es">');
    expect(text).toContain(`Corte diario ${day()}`);
    expect(text).toContain(`Hecho por Ana Administradora el ${day()} ${time} (UTC-0`);
    expect(text).toContain('Corte forzado: quedaban cajas sin cerrar.');
    expect(text).toContain(cut.rowsHash);
  });

  it('is a page that loads and runs nothing, whatever people are called', async () => {
    const { headers, text } = await encargada.get(`${CUTS}/${cut.id}.html`);
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;Ñuñoa&quot;');
    expect(text).not.toMatch(/<script|<img|<link|<iframe| (src|href|style|on\w+)=|url\(|@import/i);
    const style = /<style>([^]*?)<\/style>/.exec(text)?.[1] ?? '';
    const digest = createHash('sha256').update(style).digest('base64');
    expect(headers['content-security-policy']).toBe(
      `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; report-uri /csp/report?v=1&d=enforce`,
    );
    expect(headers['reporting-endpoints']).toBeUndefined();
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['cache-control']).toBe('no-store');
  });

  it('says of a day without sessions that there were none', async () => {
    const norte = await shop(admin, 'NORTE');
    const made = await encargada.post(CUTS, { branchId: norte.branchId, date });
    const { text } = await encargada.get(`${CUTS}/${String(made.body.id)}.html`);
    expect(text.match(/Sin registros\./g)).toHaveLength(2);
    expect(text).not.toContain('Corte forzado');
    const csv = await encargada.get(`${CUTS}/${String(made.body.id)}.csv`);
    expect(csv.text).not.toMatch(/^(session|cashier)/m);
    expect(csv.text).toContain('total,,,,,,0,0,,,,');
  });

  it.each(['', '.csv', '.html'])('is for those who may read cuts (%s)', async (suffix) => {
    const path = `${CUTS}/${cut.id}${suffix}`;
    expect((await house.nobody.get(path)).status).toBe(401);
    expect((await vendedora.get(path)).status).toBe(403);
    expect((await (await house.as('contador')).get(path)).status).toBe(200);
  });

  it('does not exist for another company', async () => {
    await foundSecondCompany(house);
    const stranger = await house.as('admin.dos');
    for (const suffix of ['', '.csv', '.html']) {
      expect((await stranger.get(`${CUTS}/${cut.id}${suffix}`)).status).toBe(404);
    }
  });

  it.each([
    ['.csv', 404],
    ['.html', 404],
    ['x.csv', 404],
    ['ID.pdf', 404],
    ['ID.csv.csv', 404],
    ['ID.csv.html', 404],
    ['ID.CSV', 404],
    ['ID.csv/', 404],
    ['00000000-0000-7000-8000-000000000000.html', 404],
    ['..%2f.csv', 404],
    ['%00.csv', 400],
    ['%ff.csv', 400],
    [`${'a'.repeat(300)}.csv`, 414],
    ['ID%2Ecsv', 200],
  ])('answers %s with %i', async (name, status) => {
    const answer = await encargada.get(`${CUTS}/${name.replace('ID', cut.id)}`);
    expect(answer.status).toBe(status);
    if (status === 200) return expect(answer.headers['content-type']).toContain('text/csv');
    expect(answer.headers['content-type']).toContain('application/problem+json');
  });

  it('is in the document three times, with its media types and what can go wrong', () => {
    const { paths } = house.openApi();
    for (const [suffix, type] of [
      ['', 'application/json'],
      ['.csv', 'text/csv; charset=utf-8'],
      ['.html', 'text/html; charset=utf-8'],
    ] as const) {
      const path = `/api/v1/${CUTS}/{id}${suffix}`;
      const operation = operationsOf(house.openApi()).find((each) => each.path === path);
      expect(operation?.permission).toBe('payments.daily-cut.read');
      expect(operation?.statuses).toEqual([200, 400, 401, 403, 404, 414, 421, 429, 431, 500, 503]);
      expect(Object.keys(paths[path]?.get?.responses['200']?.['content' as never] ?? {})).toEqual([
        type,
      ]);
    }
  });
});

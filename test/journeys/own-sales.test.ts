import { expect, it } from '@jest/globals';
import { House, kernel, rcv, shop } from '#test';

it('orders delivered in a month stand in for its sales until a file tells of them', async () => {
  const house = await House.open();
  const admin = await house.as('admin');
  const { branchId, services } = await shop(admin);
  await admin.put('base/settings/DELIVER_WITH_BALANCE', { value: true }, 0);
  const today = kernel.businessDay(new Date());
  const period = today.slice(0, 4) + today.slice(5, 7);
  const own = async (of = period): Promise<object> =>
    (await admin.get(`sii-connector/own-sales?period=${of}`)).body as object;
  const before = await own();
  let gross = 0;
  let net = 0;
  for (const quantity of [1, 2, 3]) {
    const lines = [{ serviceId: services['CAMISA'], quantity }];
    const order = await admin.post('sales/orders', { branchId, lines });
    // The last stays in the shop: it is no sale of the month.
    if (quantity === 3) continue;
    expect((await admin.post(`sales/orders/${order.body.id}/deliver`)).status).toBe(200);
    const total = Number(order.body.total);
    gross += total;
    net += Math.round(total / 1.19);
  }
  expect(before).toEqual({ period, feedsDraft: false, orders: 0, gross: 0, net: 0, vat: 0 });
  const sold = { period, orders: 2, gross, net, vat: gross - net };
  expect(await own()).toEqual({ ...sold, feedsDraft: true });
  expect(await own('202001')).toMatchObject({ orders: 0, feedsDraft: false });
  const day = today.split('-').reverse().join('/');
  const file = rcv.rcvOf(rcv.SALE_HEADER, [rcv.sale(1, { 'Fecha Docto': day })]);
  await admin.raw('post', '/api/v1/sii-connector/imports?kind=rcv-venta', Buffer.from(file), {
    'content-type': 'text/csv',
  });
  expect(await own()).toEqual({ ...sold, feedsDraft: false });
});

import { describe, expect, it } from '@jest/globals';
import type { LoggedEvent } from '#modules/audit';
import type { PlacedOrder } from '#modules/sales';
import { kernel, warehouse } from '#test';
import type { Placed } from './rows.js';

const { netOf, rowsOf } = warehouse;
const { newId } = kernel;
const [orderId, sessionId, paymentId, chargeId] = [newId(), newId(), newId(), newId()];
const NONE: ReadonlyMap<string, PlacedOrder> = new Map();

function eventOf(name: string, more: Partial<LoggedEvent>): LoggedEvent {
  return {
    ...{ id: newId(), transactionId: '7', name, version: 1, changes: {}, payload: {} },
    occurredAt: new Date('2026-11-01T02:30:00Z'),
    subject: { type: 'sales.order', id: orderId, label: 'CENTRO-1' },
    ...more,
  };
}

const only = (placed: readonly Placed[], table: string): Placed['row'][] =>
  placed.filter((each) => each.table === table).map(({ row }) => row);

const PAID = { orderId, cashSessionId: sessionId, method: 'debit', amount: 900 };

describe('the rows that an event makes', () => {
  it('are the same each time, and say which event they are of', () => {
    const event = eventOf('payment.created', {
      subject: { type: 'payments.payment', id: paymentId, label: '' },
      payload: { ...PAID, paymentId },
    });
    const rows = rowsOf(event, NONE);
    expect(rowsOf(event, NONE)).toEqual(rows);
    expect(only(rows, 'sat_payment')).toEqual([
      {
        ...{ payment_key: paymentId, kind: 'charge', method: 'debit', amount: 900 },
        hash_diff: expect.stringMatching(/^[0-9a-f]{64}$/),
        ...{ event_id: event.id, source: 'payment.created' },
        recorded_at: '2026-11-01T02:30:00.000Z',
      },
    ]);
    expect(rows.map(({ table }) => table)).toEqual([
      ...['hub_payment', 'hub_order', 'hub_session', 'link_payment', 'sat_payment'],
    ]);
  });

  it.each([
    ['by the name that the event gives it', { voidId: chargeId }, chargeId],
    ['by the event’s own before there was one', {}, null],
  ])('have the charge that an edit took back, %s', (_, given, key) => {
    const event = eventOf('payment.edited', {
      subject: { type: 'payments.payment', id: paymentId, label: '' },
      payload: { ...PAID, paymentId, replacesId: orderId, ...given },
      changes: {
        method: { before: 'cash', after: 'debit' },
        amount: { before: 1_000, after: 900 },
      },
    });
    const rows = rowsOf(event, NONE);
    expect(only(rows, 'sat_payment')).toMatchObject([
      { payment_key: key ?? event.id, kind: 'void', method: 'cash', amount: -1_000 },
      { payment_key: paymentId, kind: 'charge', method: 'debit', amount: 900 },
    ]);
    expect(only(rows, 'link_payment')[0]).toMatchObject({ reverses_key: orderId });
  });

  it('count a delivery for the day and month in Santiago, by the order’s own clock', () => {
    const event = eventOf('order.delivered', {
      payload: { orderId, total: 10_000 },
      changes: { deliveredAt: { before: null, after: '2026-11-01T02:59:59.999Z' } },
    });
    expect(only(rowsOf(event, NONE), 'sat_order_step')).toMatchObject([
      {
        step: 'delivered',
        happened_on: '2026-10-31',
        period: '202610',
        gross: 10_000,
        net: 8_403,
        vat: 1_597,
      },
    ]);
  });

  it('hold of a customer that there is one, and nothing of who it is', () => {
    const subject = { type: 'sales.customer', id: orderId, label: 'customer 1' };
    const created = rowsOf(eventOf('customer.created', { subject }), NONE);
    expect(only(created, 'sat_customer')).toMatchObject([{ customer_key: orderId, active: true }]);
    const changes = { name: { masked: true }, active: { before: true, after: false } } as const;
    const changed = rowsOf(eventOf('customer.changed', { subject, changes }), NONE);
    expect(only(changed, 'sat_customer')).toMatchObject([{ active: false }]);
    expect(JSON.stringify(changed)).not.toContain('name');
    const renamed = eventOf('customer.changed', { subject, changes: { name: { masked: true } } });
    expect(only(rowsOf(renamed, NONE), 'sat_customer')).toEqual([]);
  });

  it('know an old event of a service by its code and price', () => {
    const subject = { type: 'sales.service', id: orderId, label: 'CAMISA' };
    const old = eventOf('service.created', {
      subject,
      payload: { serviceId: orderId, price: 990 },
    });
    expect(only(rowsOf(old, NONE), 'sat_service')).toMatchObject([
      { code: 'CAMISA', name: null, unit: null, price: 990, active: null },
    ]);
  });

  it('are none for what is no business of a report', () => {
    expect(rowsOf(eventOf('session.started', {}), NONE)).toEqual([]);
  });

  it('refuse an event that lacks what it must say, rather than lose it', () => {
    expect(() => rowsOf(eventOf('payment.created', {}), NONE)).toThrow(/nothing of orderId/);
  });
});

it.each([
  [0, 0],
  [1, 1],
  [119, 100],
  [10_000, 8_403],
  [3, 3],
  [9_007_199_254_740_991, 7_569_075_003_984_026],
])('%i pesos are %i without VAT', (gross, net) => {
  expect(netOf(gross)).toBe(net);
});

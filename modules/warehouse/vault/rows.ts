import { createHash } from 'node:crypto';
import { businessDay } from '#kernel';
import type { LoggedEvent } from '#modules/audit';
import {
  CashSessionClosed,
  CashSessionEnded,
  CashSessionOpened,
  PaymentCreated,
  PaymentEdited,
  PaymentRefunded,
  PaymentReversed,
  PaymentVoided,
} from '#modules/payments';
import {
  CustomerChanged,
  CustomerCreated,
  OrderCancelled,
  OrderCreated,
  OrderDelivered,
  OrderReady,
  OrderStarted,
  ServiceChanged,
  ServiceCreated,
  ServicePriceChanged,
} from '#modules/sales';
import type { PlacedOrder } from '#modules/sales';
import { VAULT } from './tables.js';
import type { VaultTable } from './tables.js';

/**
 * Counts up when the same events would make other rows than before: a rebuild that was begun by another
 * version is then begun anew.
 */
export const MAPPING = 1;

/** Tasa de IVA (DL 825, article 14), which prices hold. */
export const VAT_PERCENT = 19;

type VaultRow = Readonly<Record<string, string | number | boolean | null>>;

/** A row and the table that it belongs to. */
export interface Placed {
  readonly table: VaultTable;
  readonly row: VaultRow;
}

type Values = Readonly<Record<string, unknown>>;
type Maker = (event: LoggedEvent, orders: ReadonlyMap<string, PlacedOrder>) => Draft[];
type Draft = readonly [VaultTable, VaultRow];

const RETURN = 'sii-connector.tax_return';

/** The rows that an event makes: always the same, whenever it is read. None of what it does not concern. */
export function rowsOf(event: LoggedEvent, orders: ReadonlyMap<string, PlacedOrder>): Placed[] {
  const isReturn = event.subject.type === RETURN;
  const make = isReturn ? ofReturn : MAKERS[event.name];
  const { id: event_id, name, occurredAt } = event;
  const origin = { event_id, source: name, recorded_at: occurredAt.toISOString() };
  return (make?.(event, orders) ?? []).map(([table, values]) => {
    const isSatellite = 'hash_diff' in VAULT[table];
    const row = isSatellite ? { ...values, hash_diff: hashOf(values) } : values;
    return { table, row: { ...row, ...origin } };
  });
}

/** The orders whose unchanging part must be at hand to make rows of these events. */
export function ordersOf(events: readonly LoggedEvent[]): string[] {
  return events.filter(({ name }) => name === OrderCreated.name).map(({ subject }) => subject.id);
}

const MAKERS: Readonly<Record<string, Maker | undefined>> = {
  [CustomerCreated.name]: ofCustomer,
  [CustomerChanged.name]: ofCustomer,
  [ServiceCreated.name]: ofService,
  [ServiceChanged.name]: ofService,
  [ServicePriceChanged.name]: ofService,
  [OrderCreated.name]: ofOrder,
  [OrderStarted.name]: (event) => ofStep(event, 'started', 'startedAt'),
  [OrderReady.name]: (event) => ofStep(event, 'ready', 'readyAt'),
  [OrderDelivered.name]: (event) => ofStep(event, 'delivered', 'deliveredAt'),
  [OrderCancelled.name]: (event) => ofStep(event, 'cancelled', 'cancelledAt'),
  [PaymentCreated.name]: (event) => ofPayment(event, 'charge'),
  [PaymentEdited.name]: (event) => [...ofReplaced(event), ...ofPayment(event, 'charge')],
  [PaymentVoided.name]: (event) => ofPayment(event, 'void'),
  [PaymentReversed.name]: (event) => ofPayment(event, 'void'),
  [PaymentRefunded.name]: (event) => ofPayment(event, 'refund'),
  [CashSessionOpened.name]: (event) => ofSession(event, 'open'),
  [CashSessionEnded.name]: (event) => ofSession(event, 'ended'),
  [CashSessionClosed.name]: (event) => ofSession(event, 'closed'),
};

/** Nothing of who the customer is: only that there is one, and whether still served. */
function ofCustomer({ name, subject, changes }: LoggedEvent): Draft[] {
  const active = name === CustomerCreated.name ? true : changes['active']?.after;
  return [
    hub('hub_customer', subject.id),
    ...(typeof active === 'boolean'
      ? [['sat_customer', { customer_key: subject.id, active }] as const]
      : []),
  ];
}

/** Since version 2 an event says all of the service; before, code and price are what is known. */
function ofService({ subject, payload, changes }: LoggedEvent): Draft[] {
  const facts = (payload['service'] ?? {}) as Values;
  const price = facts['price'] ?? payload['price'] ?? payload['after'];
  return [
    ['hub_service', { key: subject.id }],
    [
      'sat_service',
      {
        service_key: subject.id,
        code: textOf(facts['code']) ?? subject.label,
        name: textOf(facts['name'] ?? changes['name']?.after),
        unit: textOf(facts['unit']),
        price: numberOf(price),
        active: typeof facts['active'] === 'boolean' ? facts['active'] : null,
      },
    ],
  ];
}

function ofOrder(
  { subject, payload, occurredAt }: LoggedEvent,
  orders: Parameters<Maker>[1],
): Draft[] {
  const order_key = subject.id;
  const order = orders.get(order_key);
  const customer_key = textOf(payload['customerId']);
  const lines = order?.lines ?? [];
  return [
    ['hub_order', { key: order_key }],
    ...(customer_key === null ? [] : [hub('hub_customer', customer_key)]),
    ['link_order', { order_key, branch_id: demand(payload, 'branchId'), customer_key }],
    [
      'sat_order',
      {
        ...{ order_key, business_date: order?.businessDate ?? businessDay(occurredAt) },
        total: numberOf(payload['total']) ?? 0,
      },
    ],
    ...lines.flatMap(({ position, serviceId, thousandths, unitPrice, total }): Draft[] => [
      hub('hub_service', serviceId),
      ['link_order_service', { order_key, position, service_key: serviceId }],
      ['sat_order_line', { order_key, position, thousandths, unit_price: unitPrice, total }],
    ]),
  ];
}

/** A step of an order, on the day that the order itself says. */
function ofStep(
  { subject, payload, changes, occurredAt }: LoggedEvent,
  step: string,
  at: string,
): Draft[] {
  const told = textOf(changes[at]?.after);
  const happened_on = businessDay(told === null ? occurredAt : new Date(told));
  const gross = numberOf(payload['total']) ?? 0;
  const net = netOf(gross);
  return [
    hub('hub_order', subject.id),
    [
      'sat_order_step',
      {
        ...{ order_key: subject.id, step, happened_on },
        period: happened_on.slice(0, 7).replace('-', ''),
        ...{ gross, net, vat: gross - net },
      },
    ],
  ];
}

function ofPayment({ subject, payload }: LoggedEvent, kind: string): Draft[] {
  const place = {
    order_key: demand(payload, 'orderId'),
    session_key: demand(payload, 'cashSessionId'),
  };
  const [method, amount] = [demand(payload, 'method'), numberOf(payload['amount']) ?? 0];
  return paid(subject.id, place, textOf(payload['reversesId']), { kind, method, amount });
}

/** The charge that an edit took back; before version 2 its row had no name but the event's own. */
function ofReplaced({ id, payload, changes }: LoggedEvent): Draft[] {
  const place = {
    order_key: demand(payload, 'orderId'),
    session_key: demand(payload, 'cashSessionId'),
  };
  const method = textOf(changes['method']?.before) ?? demand(payload, 'method');
  const amount = -(numberOf(changes['amount']?.before) ?? numberOf(payload['amount']) ?? 0);
  const facts = { kind: 'void', method, amount };
  return paid(textOf(payload['voidId']) ?? id, place, demand(payload, 'replacesId'), facts);
}

function paid(
  payment_key: string,
  place: { order_key: string; session_key: string },
  reverses_key: string | null,
  facts: { kind: string; method: string; amount: number },
): Draft[] {
  return [
    hub('hub_payment', payment_key),
    hub('hub_order', place.order_key),
    hub('hub_session', place.session_key),
    ['link_payment', { payment_key, ...place, reverses_key }],
    ['sat_payment', { payment_key, ...facts }],
  ];
}

function ofSession({ subject, payload }: LoggedEvent, state: string): Draft[] {
  return [
    hub('hub_session', subject.id),
    [
      'sat_session',
      {
        ...{ session_key: subject.id, state, branch_id: demand(payload, 'branchId') },
        ...{ register_id: demand(payload, 'registerId'), cashier_id: demand(payload, 'cashierId') },
        business_date: demand(payload, 'businessDate'),
      },
    ],
  ];
}

/** A Form 29: where it stands, and what it says of sales: 538, 110 and 111. */
function ofReturn({ subject, payload, changes, name }: LoggedEvent): Draft[] {
  const return_key = subject.id;
  const opened = name === 'tax_return.opened' ? 'draft' : null;
  const state = textOf(changes['state']?.after) ?? opened;
  const codes = changes['codes']?.after as Readonly<Record<string, Values>> | undefined;
  const { debit, receipts, vat } = {
    debit: codes?.['538'],
    receipts: codes?.['110'],
    vat: codes?.['111'],
  };
  const key = { period: demand(payload, 'period'), revision: numberOf(payload['revision']) ?? 1 };
  return [
    ['hub_return', { key: return_key, ...key }],
    ...(state === null ? [] : [['sat_return_state', { return_key, state }] as const]),
    ...(codes === undefined
      ? []
      : [
          [
            'sat_return_sales',
            {
              ...{ return_key, debit: numberOf(debit?.['value']) },
              debit_origin: textOf(debit?.['origin']),
              receipts: numberOf(receipts?.['value']),
              receipts_vat: numberOf(vat?.['value']),
              receipts_origin: textOf(vat?.['origin']),
            },
          ] as const,
        ]),
  ];
}

/** Whole pesos without VAT, rounded half up as PostgreSQL does; beyond 53 bits exact, too. */
export function netOf(gross: number): number {
  const [twice, divisor] = [BigInt(gross) * 200n, BigInt(100 + VAT_PERCENT)];
  return Number((twice + divisor) / (2n * divisor));
}

const hub = (table: VaultTable, key: string): Draft => [table, { key }];

function hashOf(values: VaultRow): string {
  const told = Object.keys(values)
    .sort()
    .map((name) => [name, values[name]]);
  return createHash('sha256').update(JSON.stringify(told)).digest('hex');
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : null;
}

function demand(payload: Values, name: string): string {
  const value = payload[name];
  if (typeof value !== 'string') throw new Error(`An event says nothing of ${name}.`);
  return value;
}

import { defineEvent } from '#kernel';

/** What every event of an order carries. */
export interface OrderFacts {
  readonly orderId: string;
  readonly branchId: string;
  readonly customerId: string | null;
  /** Whole pesos. */
  readonly total: number;
}

export const OrderCreated = defineEvent<OrderFacts>({
  name: 'order.created',
  version: 1,
  summary: 'an order was taken',
});

export const OrderStarted = defineEvent<OrderFacts>({
  name: 'order.started',
  version: 1,
  summary: 'work on an order began',
});

export const OrderReady = defineEvent<OrderFacts>({
  name: 'order.made_ready',
  version: 1,
  summary: 'an order can be collected',
});

export const OrderDelivered = defineEvent<OrderFacts>({
  name: 'order.delivered',
  version: 1,
  summary: 'an order was handed over; a balance may remain where the company allows it',
});

export const OrderCancelled = defineEvent<OrderFacts>({
  name: 'order.cancelled',
  version: 1,
  summary: 'an order without money applied was called off, with the reason',
});

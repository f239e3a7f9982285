import { defineEvent } from '#kernel';

export const CustomerCreated = defineEvent<{ customerId: string }>({
  name: 'customer.created',
  version: 1,
  summary: 'a customer was added',
});

export const CustomerChanged = defineEvent<{ customerId: string }>({
  name: 'customer.changed',
  version: 1,
  summary: 'a customer’s data changed; the event names the fields, not their values',
});

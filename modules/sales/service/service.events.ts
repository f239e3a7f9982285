import { defineEvent } from '#kernel';

export const ServiceCreated = defineEvent<{ serviceId: string; price: number }>({
  name: 'service.created',
  version: 1,
  summary: 'a service was added to the price list',
});

export const ServiceChanged = defineEvent<{ serviceId: string }>({
  name: 'service.changed',
  version: 1,
  summary: 'a service was renamed, withdrawn or offered again',
});

export const ServicePriceChanged = defineEvent<{
  serviceId: string;
  before: number;
  after: number;
}>({
  name: 'service.price_changed',
  version: 1,
  summary: 'a service costs another price from now on; orders taken before keep theirs',
});

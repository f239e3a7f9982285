import { defineEvent } from '#kernel';
import type { ServiceUnit } from './service.entity.js';

/** The service as it is from then on; in every event since version 2. */
export interface ServiceFacts {
  readonly code: string;
  readonly name: string;
  readonly unit: ServiceUnit;
  /** Whole pesos per unit, taxes included. */
  readonly price: number;
  readonly active: boolean;
}

interface Told {
  readonly serviceId: string;
  readonly service?: ServiceFacts;
}

export const ServiceCreated = defineEvent<Told & { price: number }>({
  name: 'service.created',
  version: 2,
  summary: 'a service was added to the price list',
});

export const ServiceChanged = defineEvent<Told>({
  name: 'service.changed',
  version: 2,
  summary: 'a service was renamed, withdrawn or offered again',
});

export const ServicePriceChanged = defineEvent<Told & { before: number; after: number }>({
  name: 'service.price_changed',
  version: 2,
  summary: 'a service costs another price from now on; orders taken before keep theirs',
});

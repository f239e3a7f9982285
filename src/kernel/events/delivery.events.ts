import { defineEvent } from './event.js';

export const DeliveryExhausted = defineEvent<{
  readonly eventId: string;
  readonly action: string;
  /** `<addon>/<Class>.<method>`. */
  readonly handler: string;
  /** What the last attempt failed with, shortened. */
  readonly error: string;
}>({
  name: 'delivery.exhausted',
  version: 1,
  summary: 'a handler failed with an event to the last attempt; the event itself is kept',
});

import { SetMetadata } from '@nestjs/common';
import type { EventDefinition, StoredEvent } from './event.js';

export const ON_EVENT = 'ofitec:on-event';
export const ON_EVENT_OUTSIDE = 'ofitec:on-event-outside';

/**
 * Marks a provider's method as the handler of an event. It runs in the worker after the commit,
 * at least once, in a transaction of the event's company; what it does inside that transaction
 * happens exactly once. It is retried with growing delays when it throws.
 */
export function OnEvent<P extends object>(definition: EventDefinition<P>) {
  return <T extends (event: StoredEvent<P>) => Promise<void>>(
    target: object,
    property: string | symbol,
    descriptor: TypedPropertyDescriptor<T>,
  ): void => {
    SetMetadata(ON_EVENT, definition)(target, property, descriptor);
  };
}

/**
 * Marks a provider's method that calls out of the house (a webhook, a mail server) because of an
 * event. It runs in the worker after the commit, in the event's company but in no transaction, and
 * beside the other handlers: a slow stranger holds nothing up. At least once, tried again with
 * growing delays when it throws; whoever is called must bear to be called twice.
 */
export function OnEventOutside<P extends object>(definition: EventDefinition<P>) {
  return <T extends (event: StoredEvent<P>) => Promise<void>>(
    target: object,
    property: string | symbol,
    descriptor: TypedPropertyDescriptor<T>,
  ): void => {
    SetMetadata(ON_EVENT_OUTSIDE, definition)(target, property, descriptor);
  };
}

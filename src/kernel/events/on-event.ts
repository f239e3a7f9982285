import { SetMetadata } from '@nestjs/common';
import type { EventDefinition, StoredEvent } from './event.js';

export const ON_EVENT = 'ofitec:on-event';

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

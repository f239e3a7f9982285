import { SetMetadata } from '@nestjs/common';
import type { StoredEvent } from '../events/event.js';

export const ON_ALERT_SIGNAL = 'ofitec:on-alert-signal';

/**
 * Marks the method that receives every event which raises or clears an alert of any installed addon,
 * so that who keeps the alerts depends on none who raises them. It is called like a handler of one
 * event (`OnEvent`).
 */
export function OnAlertSignal() {
  return <T extends (event: StoredEvent) => Promise<void>>(
    target: object,
    property: string | symbol,
    descriptor: TypedPropertyDescriptor<T>,
  ): void => {
    SetMetadata(ON_ALERT_SIGNAL, true)(target, property, descriptor);
  };
}

import { SetMetadata } from '@nestjs/common';

/** Work that falls due by the clock. */
export interface ScheduleDefinition {
  /** `<addon>.<what>`. */
  readonly name: string;
  /** Five-field cron expression in America/Santiago. */
  readonly cron: string;
  readonly summary: string;
  /** Once for the installation, or once in each company. */
  readonly per: 'installation' | 'company';
}

export const ON_SCHEDULE = 'ofitec:on-schedule';

/** Marks a provider's method as the work of a declared schedule. It must be safe to repeat. */
export function OnSchedule(definition: ScheduleDefinition) {
  return <T extends () => Promise<void>>(
    target: object,
    property: string | symbol,
    descriptor: TypedPropertyDescriptor<T>,
  ): void => {
    SetMetadata(ON_SCHEDULE, definition)(target, property, descriptor);
  };
}

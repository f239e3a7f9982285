import { SetMetadata } from '@nestjs/common';

export const ROUND = 'ofitec:round';

/** How a round repeats. */
export interface RoundDefinition {
  /** Milliseconds of rest between the end of one and the beginning of the next. */
  readonly restMs: number;
}

/**
 * Marks a provider's method that every worker calls again and again, as a watchman makes his round:
 * for what cannot wait for a schedule's minute. Several workers make it at once; the method itself
 * sees to it that this does no harm. When it throws, that is logged and the round goes on.
 */
export function Round(definition: RoundDefinition) {
  return <T extends () => Promise<void>>(
    target: object,
    property: string | symbol,
    descriptor: TypedPropertyDescriptor<T>,
  ): void => {
    SetMetadata(ROUND, definition)(target, property, descriptor);
  };
}

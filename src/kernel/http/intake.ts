import { applyDecorators, HttpCode, SetMetadata } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { Public } from '../access/allow.js';

export const INTAKE = 'ofitec:intake';

/** How an intake reads. */
export interface IntakeDefinition {
  /** Bodies beyond it are thrown away as they come. */
  readonly limitBytes: number;
}

/** What came to an intake. */
export interface Arrival {
  /** What the address says after the route's own path, still encoded; empty when it says nothing. */
  readonly rest: string;
  /** What stands behind `?`, or nothing. */
  readonly query: string;
  /** Null when it was too large, was cut off or could not be read as HTTP. */
  readonly body: Buffer | null;
  /** The client's address, behind trusted proxies only. */
  readonly ip: string | null;
  readonly userAgent: string;
}

/** What a route that is marked so does: at once, and without an answer of its own. */
export type IntakeHandler = (arrival: Arrival) => void;

/**
 * Marks a POST route as an intake: programs send to it that send again whatever is refused
 * (browsers' reports). The kernel answers 204 to everything that comes, also to what cannot be
 * read, to a CORS preflight, and to requests for a host that is not ours; before guards, limits,
 * content types, pipes and the log, which all are for answers that somebody reads. The method gets
 * an {@link Arrival} and must defend itself: it returns soon, and its bounds are its own.
 */
export function Intake(definition: IntakeDefinition) {
  return <T extends IntakeHandler>(
    target: object,
    property: string | symbol,
    descriptor: TypedPropertyDescriptor<T>,
  ): void => {
    applyDecorators(
      Public(),
      HttpCode(204),
      ApiResponse({ status: 204, description: 'whatever was sent' }),
      SetMetadata(INTAKE, definition),
    )(target, property, descriptor);
  };
}

import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth } from '@nestjs/swagger';
import type { ProblemDefinition } from '../http/problem.js';

export const ALLOW = 'ofitec:allow';
export const PUBLIC = 'ofitec:public';
export const DESPITE = 'ofitec:despite';
export const STEP_UP = 'ofitec:step-up';

/** Stands for "whoever is signed in" where a route needs no permission. */
export const SIGNED_IN = '*';

/** The permission a route demands; {@link SIGNED_IN} when any signed-in user may. */
export function Allow(permission: string): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(ALLOW, permission), ApiBearerAuth());
}

/**
 * Opens a route to an actor whom one of these hinders: the route is how it is got out of the way.
 * Without a definition it is open whatever hinders.
 */
export function Despite(...hindrances: ProblemDefinition[]): MethodDecorator {
  return SetMetadata(DESPITE, hindrances);
}

/**
 * Demands that the person proved who they are lately. For routes that need it now and then, see
 * `demandStepUp`.
 */
export function StepUp(): MethodDecorator {
  return SetMetadata(STEP_UP, true);
}

/** A route that anybody may call. Say beside it why. */
export function Public(): MethodDecorator & ClassDecorator {
  return SetMetadata(PUBLIC, true);
}

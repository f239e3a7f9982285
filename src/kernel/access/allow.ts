import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth } from '@nestjs/swagger';

export const ALLOW = 'ofitec:allow';
export const PUBLIC = 'ofitec:public';

/** Stands for "whoever is signed in" where a route needs no permission. */
export const SIGNED_IN = '*';

/** The permission a route demands; {@link SIGNED_IN} when any signed-in user may. */
export function Allow(permission: string): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(ALLOW, permission), ApiBearerAuth());
}

/** A route that anybody may call. Say beside it why. */
export function Public(): MethodDecorator & ClassDecorator {
  return SetMetadata(PUBLIC, true);
}

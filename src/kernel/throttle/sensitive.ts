import { SetMetadata } from '@nestjs/common';

export const SENSITIVE = 'ofitec:sensitive';

/**
 * A route about credentials, roles or exports: beside the user's limit it counts against the
 * stricter one of `API_THROTTLE_SENSITIVE_USER_RATE`. Never a route that moves money: a shop with
 * a queue at the counter is no attack.
 */
export function Sensitive(): MethodDecorator {
  return SetMetadata(SENSITIVE, true);
}

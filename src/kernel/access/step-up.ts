import { Problem } from '../http/problem.js';
import { currentActor } from './context.js';

/**
 * Demands of the actor a recent proof of who they are, where only a part of what a route does needs
 * it. The house itself needs none.
 *
 * @throws Problem the one that the `Authenticator` chose
 */
export function demandStepUp(): void {
  const { unproven } = currentActor();
  if (unproven) throw new Problem(unproven);
}

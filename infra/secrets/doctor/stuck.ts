import { isOver } from '../rotate/journal.js';
import type { Kept, SecretName } from '../rotate/journal.js';
import type { Rotations } from '../rotate/rotations.config.js';

/** A rotation that stands for longer than it means to wait is stuck. */
const STUCK_SECONDS = 900;

/** Whether a rotation stands still, and not because its step waits by design. */
export function isStuck(secret: SecretName, kept: Kept | null, rotations: Rotations): boolean {
  if (kept === null || isOver(kept.journal)) return false;
  return kept.ageSeconds > STUCK_SECONDS + waitAfter(secret, kept.journal.state, rotations);
}

/** How long the step that follows a state may wait. */
function waitAfter(secret: SecretName, state: string, rotations: Rotations): number {
  const { db, restic, sessionKey } = rotations;
  if (secret === 'db' && state === 'RENDERED') {
    return (db?.drainSeconds ?? 0) + (db?.graceSeconds ?? 0);
  }
  if (secret === 'restic' && state === 'RENDERED') return restic?.graceSeconds ?? 0;
  if (secret === 'session-key' && state === 'ANNOUNCED') return sessionKey?.announceSeconds ?? 0;
  return 0;
}

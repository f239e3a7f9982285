import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { isGone, ownMark } from '#kernel/basics';
import type { ProcessMark } from '#kernel/basics';
import type { Kv } from '../vault/kv.js';
import { isTrouble } from '../vault/vault-fault.js';
import type { SecretName } from './journal.js';

/** A holder elsewhere that said nothing for so long is gone. */
const STALE_SECONDS = 900;
const RENEW_MS = 120_000;

interface Holder extends ProcessMark {
  /** For people. */
  readonly host: string;
  /** Makes what two write differ: a write is believed to be ours when it is the same. */
  readonly hold: string;
}

/** Somebody else rotates. */
class Busy extends Error {}

/**
 * Lets one rotator at a time work on a secret: a document in KV, taken by check-and-set. One whose
 * process died on this machine is taken over at once, any other after a quarter of an hour of silence,
 * by Vault's clock.
 *
 * @throws Busy
 */
export async function locked<T>(kv: Kv, secret: SecretName, work: () => Promise<T>): Promise<T> {
  const path = `kv/data/ofitec-rotation/lock-${secret}`;
  const self: Holder = { host: hostname(), hold: randomUUID(), ...ownMark() };
  let version = await take(kv, path, self);
  let renewing = Promise.resolve();
  const renew = async (): Promise<void> => {
    version = await kv.write(path, { ...self, renewed: String(version) }, version);
  };
  // Who loses it fails at the next write of the journal, by check-and-set.
  const timer = setInterval(() => {
    renewing = renewing.then(renew).catch(() => undefined);
  }, RENEW_MS).unref();
  try {
    return await work();
  } finally {
    clearInterval(timer);
    await renewing;
    // Left behind it is taken over, since this process is gone by then.
    await kv.write(path, { free: 'yes' }, version).catch(() => undefined);
  }
}

async function take(kv: Kv, path: string, self: Holder): Promise<number> {
  const found = await kv.read(path);
  if (found && !('free' in found.data)) {
    const holder = found.data as unknown as Holder;
    const ageSeconds = (found.readAt.getTime() - found.createdAt.getTime()) / 1_000;
    if (!isGone(holder) && ageSeconds < STALE_SECONDS) {
      const age = Math.max(0, Math.round(ageSeconds));
      throw new Busy(
        `Process ${holder.pid} of ${holder.host} rotates it since ${age} s. ` +
          `If it is gone for good, it is taken over in ${STALE_SECONDS - age} s.`,
      );
    }
  }
  try {
    return await kv.write(path, { ...self }, found?.version ?? 0);
  } catch (error) {
    if (isTrouble(error, 'conflict')) {
      throw new Busy('Another rotator was first: --status says how far it is.');
    }
    throw error;
  }
}

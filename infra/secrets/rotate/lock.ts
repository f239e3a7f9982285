import { hostname } from 'node:os';
import type { Kv } from '../vault/kv.js';
import { isTrouble } from '../vault/vault-fault.js';
import { begunOf } from './begun.js';
import type { SecretName } from './journal.js';

/** A holder elsewhere that said nothing for so long is gone. */
const STALE_SECONDS = 900;
const RENEW_MS = 120_000;

interface Holder {
  readonly host: string;
  readonly pid: number;
  /** When the process began, as the kernel counts: a pid is used again. */
  readonly begun: string;
}

/** Somebody else rotates. */
class Busy extends Error {}

/**
 * Lets one rotator at a time work on a secret: a document in KV, taken by check-and-set. One whose
 * process died on this host is taken over at once, one of another host after a quarter of an hour.
 *
 * @throws Busy
 */
export async function locked<T>(kv: Kv, secret: SecretName, work: () => Promise<T>): Promise<T> {
  const path = `kv/data/ofitec-rotation/lock-${secret}`;
  const self: Holder = { host: hostname(), pid: process.pid, begun: begunOf(process.pid) };
  let version = await take(kv, path, self);
  const renew = async (): Promise<void> => {
    version = await kv.write(path, { ...self, renewed: String(version) }, version);
  };
  // Who loses it fails at the next write of the journal, by check-and-set.
  const timer = setInterval(() => void renew().catch(() => undefined), RENEW_MS).unref();
  try {
    return await work();
  } finally {
    clearInterval(timer);
    // Left behind it is taken over, since this process is gone by then.
    await kv.write(path, { free: 'yes' }, version).catch(() => undefined);
  }
}

async function take(kv: Kv, path: string, self: Holder): Promise<number> {
  const found = await kv.read(path);
  if (found && !('free' in found.data)) {
    const holder = found.data as unknown as Holder;
    const ageSeconds = (found.readAt.getTime() - found.createdAt.getTime()) / 1_000;
    const isHere = holder.host === self.host;
    const isDead = isHere && begunOf(holder.pid) !== holder.begun;
    if (!isDead && ageSeconds < STALE_SECONDS) {
      throw new Busy(
        `Process ${holder.pid} of ${holder.host} rotates it since ${Math.round(ageSeconds)} s.`,
      );
    }
  }
  try {
    return await kv.write(path, { ...self }, found?.version ?? 0);
  } catch (error) {
    if (isTrouble(error, 'conflict')) throw new Busy('Another rotator was first.');
    throw error;
  }
}

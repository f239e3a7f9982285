import { carryOut } from './actuator.js';
import { recordChange } from './audit.js';
import type { AuditLine } from './audit.js';
import type { Failover } from './config.js';
import { nextEpoch } from './epoch.js';
import { Etcd } from './etcd.js';
import { keysOf } from './keys.js';
import { Observer } from './observer.js';
import type { Provider } from './providers/provider.js';
import type { Zone } from './zone.js';

export interface ManualMove {
  readonly to: string;
  readonly reason: string;
  readonly by: string;
  readonly force: boolean;
  readonly dryRun: boolean;
}

/** How long a person's command is good for. */
const GOOD_FOR_MS = 60_000;

/**
 * Moves the name because a person says so: the first time, back again, and while etcd is down or the
 * kill switch is on. It writes over what stands with a greater epoch, as a decider does, so whatever a
 * decider has begun before is refused.
 *
 * @throws Error when there is no such site, or it is not healthy from here and nobody insisted
 */
export async function moveByHand(
  failover: Failover,
  provider: Provider,
  zone: Zone,
  move: ManualMove,
): Promise<AuditLine> {
  const decidedAt = performance.now();
  const site = failover.sites.find(({ name }) => name === move.to);
  const names = failover.sites.map(({ name }) => name).join(', ');
  if (!site) throw new Error(`There is no site ${move.to}; there are ${names}.`);
  if (!move.force) await demandHealthy(failover, move.to);
  const from = await provider.read();
  const overEpoch = from.mark?.epoch ?? null;
  const mark = { epoch: nextEpoch(1, overEpoch), site: site.name };
  const change = { addresses: site.addresses, mark, ttlSeconds: failover.ttlSeconds };
  const verifyMs = failover.policy.verifySeconds * 1_000;
  const order = { from, change, decidedAt, goodForMs: GOOD_FOR_MS, verifyMs };
  const result = move.dryRun
    ? { outcome: 'dry-run' as const, shownBy: [], missingAt: [] }
    : await carryOut(provider, zone, order);
  const line: AuditLine = {
    at: new Date().toISOString(),
    ...{ by: move.by, action: 'manual', record: failover.record, to: site.name },
    ...{ from: from.mark?.site ?? null, epoch: mark.epoch, overEpoch, outcome: result.outcome },
    ...{ shownBy: result.shownBy, missingAt: result.missingAt, reason: move.reason },
    tookMs: Math.round(performance.now() - decidedAt),
  };
  recordChange(failover.auditFile, line, 'error' in result ? result.error : undefined);
  if (result.outcome === 'written') await holdDown(failover, line).catch(() => undefined);
  return line;
}

/** Tells the deciders, if etcd answers, so that they leave the name where a person put it for a while. */
async function holdDown({ etcd, prefix, policy }: Failover, line: AuditLine): Promise<void> {
  const [client, keys, value] = [new Etcd(etcd), keysOf(prefix), JSON.stringify(line)];
  await client.put({ key: keys.lastChange, value });
  const lease = await client.grant(policy.holdDownSeconds);
  await client.put({ key: keys.holdDown, value, lease });
}

async function demandHealthy(failover: Failover, to: string): Promise<void> {
  const sightings = await new Observer(failover).lookAround();
  const target = sightings.find(({ site }) => site === to);
  if (target?.verdict === 'HEALTHY' && target.writable === true) return;
  const writable = target?.writable === true ? '' : ', nor is it known to be writable';
  throw new Error(
    `From here ${to} is ${target?.verdict ?? 'UNKNOWN'} (${target?.reason ?? ''})${writable}. Insist with --force.`,
  );
}

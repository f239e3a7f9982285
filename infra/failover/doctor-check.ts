import type { DoctorCheck, DoctorFinding, DoctorState } from '#kernel';
import { readFailover } from './dns/config.js';
import { zoneOf } from './dns/parts.js';
import { readStatus } from './dns/status.js';
import type { Status } from './dns/status.js';

const RUNBOOK = 'runbooks/playbooks/failover_automatico.md';

/** Sites, name servers and addresses, where this machine has to do with them (`FAILOVER_CONFIG`). */
export const failoverCheck: DoctorCheck = {
  name: 'failover',
  runbook: RUNBOOK,
  look: async ({ environment }) => {
    if (!environment['FAILOVER_CONFIG']) return [];
    const failover = readFailover(environment);
    return findingsOf(await readStatus(failover, zoneOf(failover)));
  },
};

function findingsOf(status: Status): DoctorFinding[] {
  const found: (readonly [DoctorState, string])[] = [
    ...status.faults.map((words): [DoctorState, string] => ['warning', words]),
    ...(status.active === null ? [['critical', 'the name points to no site'] as const] : []),
    ...(status.frozen === null ? [] : [['warning', `frozen: ${status.frozen}`] as const]),
    // Where etcd does not answer, that is said above, and who decides is not known.
    ...(status.decider === null && status.answered.etcd
      ? [['critical', 'no decider holds the lease'] as const]
      : []),
    ...status.addresses
      .filter(({ holders }) => holders.length !== 1)
      .map(({ address, holders }): [DoctorState, string] => [
        'critical',
        `${address} is on ${holders.length} hosts${holders.length > 1 ? `: ${holders.join(', ')}` : ''}`,
      ]),
  ];
  const all: typeof found =
    found.length > 0 ? found : [['good', `${status.record} points to ${status.active ?? ''}`]];
  return all.map(([state, sentence]) => ({ what: 'failover', state, sentence, runbook: RUNBOOK }));
}

import type { DoctorFinding, DoctorState } from '#kernel';
import type { Status } from './dns/status.js';

export const RUNBOOK = 'runbooks/playbooks/failover_automatico.md';

/** What a person is to know of it; content only where all is well and known. */
export function findingsOf(status: Status): DoctorFinding[] {
  const found: (readonly [DoctorState, string])[] = [
    ...status.faults.map((words): [DoctorState, string] => ['warning', words]),
    ...status.servers.flatMap(({ error }): [DoctorState, string][] =>
      error === null ? [] : [['warning', `name server: ${error}`]],
    ),
    ...(status.active === null ? [['critical', pointless(status)] as const] : []),
    ...(status.frozen === null ? [] : [['warning', `frozen: ${status.frozen}`] as const]),
    ...(status.trouble === null
      ? []
      : [
          [
            'warning',
            `the provider fails since ${status.trouble.since}: ${status.trouble.error}`,
          ] as const,
        ]),
    // Where etcd does not answer, that is said above, and who decides is not known.
    ...(status.decider === null && status.answered.etcd
      ? [['critical', 'no decider holds the lease'] as const]
      : []),
    ...status.addresses
      // Where an agent is silent the address may be on its host; that it is silent is said above.
      .filter(
        ({ holders, states }) =>
          holders.length > 1 || (holders.length === 0 && states.every(({ answered }) => answered)),
      )
      .map(({ address, holders }): [DoctorState, string] => [
        'critical',
        `${address} is on ${holders.length} hosts${holders.length > 1 ? `: ${holders.join(', ')}` : ''}`,
      ]),
  ];
  const all: typeof found =
    found.length > 0 ? found : [['good', `${status.record} points to ${status.active ?? ''}`]];
  return all.map(([state, sentence]) => ({ what: 'failover', state, sentence, runbook: RUNBOOK }));
}

function pointless({ answered }: Status): string {
  return answered.nameServers
    ? 'the name points to no site, or its servers differ'
    : 'nobody knows where the name points: no name server answers';
}

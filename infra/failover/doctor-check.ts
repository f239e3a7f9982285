import type { DoctorCheck } from '#kernel';
import { findingsOf, RUNBOOK } from './doctor-findings.js';
import { readFailover } from './dns/config.js';
import { zoneOf } from './dns/parts.js';
import { readStatus } from './dns/status.js';

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

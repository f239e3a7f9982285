import type { DoctorCheck } from '#kernel';
import { examineHost } from './examine.js';

/** The machine itself, where it serves people: a workstation has neither its SSH policy nor its ports. */
export const hostCheck: DoctorCheck = {
  name: 'host',
  runbook: 'runbooks/security/host.md',
  look: async ({ environment }) => {
    if (environment['NODE_ENV'] !== 'production') return [];
    const findings = await examineHost({});
    return findings.map(({ severity, what, why, runbook }) => ({
      ...{ what: `host: ${what}`, state: severity, sentence: why, runbook },
    }));
  },
};

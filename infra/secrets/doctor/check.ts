import type { DoctorCheck } from '#kernel';
import { readPlan, secretsConfig } from '../config.js';
import { withVault } from '../with-vault.js';
import { examine } from './examine.js';

const RUNBOOK = 'infra/secrets/rotation.md';

/** Vault and what is rotated in it, where this machine has to do with it (`SECRETS_CONFIG`). */
export const secretsCheck: DoctorCheck = {
  name: 'secrets',
  runbook: RUNBOOK,
  variables: Object.keys(secretsConfig),
  look: async ({ environment }) => {
    if (!environment['SECRETS_CONFIG']) return [];
    const plan = readPlan(environment);
    const findings = await withVault((vault) => examine(vault, plan));
    return findings.map(({ what, state, sentence }) => ({
      ...{ what: `secrets: ${what}`, state, sentence },
      runbook: RUNBOOK,
    }));
  },
};

import { Reports } from './0001-reports.js';
import { Policies } from './0002-policies.js';
import { OneRollout } from './0003-one-rollout.js';

export const securityCspMigrations = [Reports, Policies, OneRollout];

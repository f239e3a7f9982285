import { Reports } from './0001-reports.js';
import { Policies } from './0002-policies.js';

export const securityCspMigrations = [Reports, Policies];

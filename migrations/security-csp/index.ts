import { Reports } from './0001-reports.js';

export const securityCspMigrations = [Reports];

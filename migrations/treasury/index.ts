import { Flows } from './0001-flows.js';

export const treasuryMigrations = [Flows];

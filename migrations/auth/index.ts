import { Sessions } from './0001-sessions.js';

export const authMigrations = [Sessions];

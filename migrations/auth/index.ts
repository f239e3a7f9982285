import { Sessions } from './0001-sessions.js';
import { SessionLife } from './0002-session-life.js';
import { Factors } from './0003-factors.js';
import { KeptPlans } from './0004-kept-plans.js';

export const authMigrations = [Sessions, SessionLife, Factors, KeptPlans];

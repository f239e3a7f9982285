import { AuditLog } from './0001-audit-log.js';
import { Chain } from './0002-chain.js';
import { Withdrawals } from './0003-withdrawals.js';
import { Floors } from './0004-floors.js';

export const auditMigrations = [AuditLog, Chain, Withdrawals, Floors];

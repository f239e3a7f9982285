import { AuditLog } from './0001-audit-log.js';
import { Chain } from './0002-chain.js';

export const auditMigrations = [AuditLog, Chain];

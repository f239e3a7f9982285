import { AuditLog } from './0001-audit-log.js';

export const auditMigrations = [AuditLog];

import { auditMigrations } from '#migrations/audit';
import { defineAddon } from '#kernel';
import { baseAddon } from '#modules/base';
import { AuditExported } from './event/event.events.js';
import { auditAlerts } from './audit.alerts.js';
import { chainCheck } from './audit.checks.js';
import { auditCommands } from './audit.commands.js';
import { ChainBroken, ChainVerified } from './chain/chain.events.js';
import { UnsealedAge } from './chain/seal.service.js';
import { VerifyChain } from './chain/verify.service.js';
import { AuditPersonalData } from './withdrawal/audit-personal-data.js';
import { LogCut, LogRedacted } from './withdrawal/withdrawal.events.js';
import { retentionSettings } from './cut/retention.settings.js';
import { AuditModule } from './audit.module.js';

const permissions = {
  'audit.event.export': 'download the event log',
  'audit.event.read': 'read the event log and the history of records',
};

export const auditAddon = defineAddon({
  name: 'audit',
  version: '0.1.0',
  summary: 'reads the event log: search, history of one record, view audit_log; seals it',
  depends: [baseAddon],
  module: AuditModule,
  migrations: auditMigrations,
  permissions,
  events: [AuditExported, ChainVerified, ChainBroken, LogRedacted, LogCut],
  retention: {
    events: 'technical',
    except: {
      [AuditExported.name]: 'security',
      [ChainBroken.name]: 'security',
      // They vouch for what was taken out, for as long as anything is there.
      [LogRedacted.name]: 'tax',
      [LogCut.name]: 'tax',
    },
  },
  personalData: [AuditPersonalData],
  schedules: [VerifyChain],
  gauges: [UnsealedAge],
  alerts: auditAlerts,
  commands: auditCommands,
  checks: [chainCheck],
  settings: retentionSettings,
  roles: {
    encargada: { grants: ['audit.event.read'] },
    admin: { grants: Object.keys(permissions) },
    contador: { grants: Object.keys(permissions) },
  },
});

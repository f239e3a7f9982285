import { securityCspMigrations } from '#migrations/security-csp';
import { defineAddon } from '#kernel';
import { baseAddon } from '#modules/base';
import { App } from './app/app.entity.js';
import * as appEvents from './app/app.events.js';
import { WaitingGroups } from './collector/waiting.service.js';
import { digestCommands } from './digest/digest.commands.js';
import * as digestEvents from './digest/digest.events.js';
import { MakeDigest } from './digest/digest.service.js';
import { ClassifyGroups, ForgetReports } from './digest/keeping.service.js';
import { emitCommands } from './emit/emit.commands.js';
import { Group } from './group/group.entity.js';
import * as groupEvents from './group/group.events.js';
import { policyPart } from './policy/policy.manifest.js';
import { cspAlerts } from './security-csp.alerts.js';
import { cspConfig } from './security-csp.config.js';
import { SecurityCspModule } from './security-csp.module.js';

const permissions = {
  'security-csp.app.edit': 'say which web applications report, and their hosts',
  'security-csp.app.read': 'read which web applications report',
  'security-csp.group.export': 'download groups of violation reports',
  'security-csp.group.judge':
    'say what of the blocked an app needs, what stays blocked, what is noise',
  'security-csp.group.read': 'read groups of violation reports, and how many came',
  ...policyPart.permissions,
};

export const securityCspAddon = defineAddon({
  name: 'security-csp',
  version: '0.1.0',
  summary: 'violation reports of content security policies, and what they say together',
  depends: [baseAddon],
  module: SecurityCspModule,
  entities: [App, Group, ...policyPart.entities],
  migrations: securityCspMigrations,
  permissions,
  roles: { admin: { grants: Object.keys(permissions) } },
  events: [
    ...Object.values(appEvents),
    ...Object.values(digestEvents),
    ...Object.values(groupEvents),
    ...policyPart.events,
  ],
  retention: { events: 'technical', except: { 'csp_groups.exported': 'security' } },
  schedules: [ClassifyGroups, ForgetReports, MakeDigest],
  gauges: [WaitingGroups],
  alerts: [...cspAlerts, ...policyPart.alerts],
  commands: [...emitCommands, ...digestCommands],
  commandGroup: 'csp',
  config: cspConfig,
  settings: policyPart.settings,
});

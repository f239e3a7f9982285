import { securityCspMigrations } from '#migrations/security-csp';
import { defineAddon } from '#kernel';
import { baseAddon } from '#modules/base';
import { App } from './app/app.entity.js';
import * as appEvents from './app/app.events.js';
import { Group } from './group/group.entity.js';
import { cspConfig } from './security-csp.config.js';
import { SecurityCspModule } from './security-csp.module.js';

const permissions = {
  'security-csp.app.edit': 'say which web applications report, and their hosts',
  'security-csp.app.read': 'read which web applications report, and how many reports came',
};

export const securityCspAddon = defineAddon({
  name: 'security-csp',
  version: '0.1.0',
  summary: 'violation reports of content security policies, and what they say together',
  depends: [baseAddon],
  module: SecurityCspModule,
  entities: [App, Group],
  migrations: securityCspMigrations,
  permissions,
  roles: { admin: { grants: Object.keys(permissions) } },
  events: [...Object.values(appEvents)],
  config: cspConfig,
});

import { securityCspMigrations } from '#migrations/security-csp';
import { defineAddon } from '#kernel';
import { baseAddon } from '#modules/base';
import { App } from './app/app.entity.js';
import { Group } from './group/group.entity.js';
import { SecurityCspModule } from './security-csp.module.js';

export const securityCspAddon = defineAddon({
  name: 'security-csp',
  version: '0.1.0',
  summary: 'violation reports of content security policies, and what they say together',
  depends: [baseAddon],
  module: SecurityCspModule,
  entities: [App, Group],
  migrations: securityCspMigrations,
});

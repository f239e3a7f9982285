import { authMigrations } from '#migrations/auth';
import { defineAddon } from '#kernel';
import { baseAddon } from '#modules/base';
import { authCommands } from './auth.commands.js';
import { authConfig } from './auth.config.js';
import { fillDemo } from './auth.demo.js';
import { AuthModule } from './auth.module.js';
import { Credential } from './credential/credential.entity.js';
import { PasswordChanged } from './credential/credential.events.js';
import { Session } from './session/session.entity.js';
import { SessionEnded, SessionStarted } from './session/session.events.js';
import { ForgetSessions } from './session/session.service.js';

export const authAddon = defineAddon({
  name: 'auth',
  version: '0.1.0',
  summary: 'passwords, sign-in, sessions',
  depends: [baseAddon],
  module: AuthModule,
  entities: [Credential, Session],
  migrations: authMigrations,
  events: [PasswordChanged, SessionEnded, SessionStarted],
  schedules: [ForgetSessions],
  commands: authCommands,
  config: authConfig,
  demo: fillDemo,
});

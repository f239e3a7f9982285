import { authMigrations } from '#migrations/auth';
import { defineAddon } from '#kernel';
import { baseAddon } from '#modules/base';
import { authCommands } from './auth.commands.js';
import { authConfig } from './auth.config.js';
import { fillDemo } from './auth.demo.js';
import { AuthModule } from './auth.module.js';
import { ForgetAttempts } from './attempt/attempt.service.js';
import { Credential, PasswordHistory } from './credential/credential.entity.js';
import { PasswordChanged, PasswordReset, PinChanged } from './credential/credential.events.js';
import { EXPLAIN_OTHERS } from './explain/explain.service.js';
import { Session } from './session/session.entity.js';
import {
  SessionEnded,
  SessionLockedEvent,
  SessionStarted,
  SessionUnlocked,
} from './session/session.events.js';
import { ForgetSessions } from './session/session.service.js';

const permissions = {
  'auth.password.reset': 'give a user an initial password',
  'auth.session.end': 'end sessions of others',
  'auth.session.read': 'see the sessions of others',
  [EXPLAIN_OTHERS]: 'ask why another user may or may not do something',
};

export const authAddon = defineAddon({
  name: 'auth',
  version: '0.1.0',
  summary: 'passwords, sign-in, sessions; why somebody may or may not',
  depends: [baseAddon],
  module: AuthModule,
  entities: [Credential, PasswordHistory, Session],
  migrations: authMigrations,
  permissions,
  roles: {
    encargada: { grants: [EXPLAIN_OTHERS] },
    admin: { grants: Object.keys(permissions) },
  },
  events: [
    PasswordChanged,
    PasswordReset,
    PinChanged,
    SessionEnded,
    SessionLockedEvent,
    SessionStarted,
    SessionUnlocked,
  ],
  schedules: [ForgetAttempts, ForgetSessions],
  commands: authCommands,
  config: authConfig,
  demo: fillDemo,
});

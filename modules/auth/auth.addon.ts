import { authMigrations } from '#migrations/auth';
import { defineAddon } from '#kernel';
import { baseAddon } from '#modules/base';
import { authCommands } from './auth.commands.js';
import { authConfig } from './auth.config.js';
import { fillDemo } from './auth.demo.js';
import { AuthModule } from './auth.module.js';
import { ApiKey } from './api-key/api-key.entity.js';
import { ApiKeyCreated, ApiKeyRevoked } from './api-key/api-key.events.js';
import { ForgetAttempts } from './attempt/attempt.service.js';
import { Credential, PasswordHistory } from './credential/credential.entity.js';
import { PasswordChanged, PasswordReset, PinChanged } from './credential/credential.events.js';
import { EXPLAIN_OTHERS } from './explain/explain.service.js';
import { Session } from './session/session.entity.js';
import {
  SessionEnded,
  SessionLockedEvent,
  SessionProven,
  SessionStarted,
  SessionUnlocked,
} from './session/session.events.js';
import { ForgetSessions } from './session/session.service.js';
import { Terminal } from './terminal/terminal.entity.js';
import { TerminalRegistered, TerminalRevoked } from './terminal/terminal.events.js';
import { RecoveryCode, Totp } from './totp/totp.entity.js';
import {
  RecoveryCodesRenewed,
  RecoveryCodeUsed,
  TotpEnrolled,
  TotpRemoved,
} from './totp/totp.events.js';

const permissions = {
  'auth.api-key.create': 'give bots API keys',
  'auth.api-key.read': 'see the API keys of bots',
  'auth.api-key.revoke': 'take API keys back',
  'auth.password.reset': 'give a user an initial password',
  'auth.session.end': 'end sessions of others',
  'auth.session.read': 'see the sessions of others',
  'auth.terminal.read': 'see the shared terminals',
  'auth.terminal.register': 'make a device a shared terminal',
  'auth.terminal.revoke': 'take a shared terminal out of use',
  [EXPLAIN_OTHERS]: 'ask why another user may or may not do something',
  'auth.totp.remove': 'remove the authenticator app of a user who lost it',
};

export const authAddon = defineAddon({
  name: 'auth',
  version: '0.1.0',
  summary:
    'passwords, second factors, sign-in, sessions, API keys, terminals; why somebody may or may not',
  depends: [baseAddon],
  module: AuthModule,
  entities: [ApiKey, Credential, PasswordHistory, RecoveryCode, Session, Terminal, Totp],
  migrations: authMigrations,
  permissions,
  roles: {
    encargada: {
      grants: [
        EXPLAIN_OTHERS,
        ...['auth.terminal.read', 'auth.terminal.register', 'auth.terminal.revoke'],
      ],
    },
    admin: { grants: Object.keys(permissions) },
  },
  retention: { events: 'security' },
  events: [
    ApiKeyCreated,
    ApiKeyRevoked,
    PasswordChanged,
    PasswordReset,
    PinChanged,
    RecoveryCodesRenewed,
    RecoveryCodeUsed,
    SessionEnded,
    SessionLockedEvent,
    SessionProven,
    SessionStarted,
    SessionUnlocked,
    TerminalRegistered,
    TerminalRevoked,
    TotpEnrolled,
    TotpRemoved,
  ],
  schedules: [ForgetAttempts, ForgetSessions],
  commands: authCommands,
  config: authConfig,
  demo: fillDemo,
});

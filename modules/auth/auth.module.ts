import { Module } from '@nestjs/common';
import { Authenticator } from '#kernel';
import { BaseModule } from '#modules/base';
import { ApiKeyController } from './api-key/api-key.controller.js';
import { ApiKeyService } from './api-key/api-key.service.js';
import { AttemptService } from './attempt/attempt.service.js';
import { CredentialController } from './credential/credential.controller.js';
import { CredentialService } from './credential/credential.service.js';
import { HashingService } from './credential/hashing.service.js';
import { PasswordPolicyService } from './credential/password-policy.service.js';
import { ExplainController } from './explain/explain.controller.js';
import { ExplainService } from './explain/explain.service.js';
import { IdentityService } from './identity/identity.service.js';
import { RequestAuthenticator } from './identity/request.authenticator.js';
import { OpenSessions } from './session/open-sessions.service.js';
import { ProofService } from './session/proof.service.js';
import { SessionController } from './session/session.controller.js';
import { SessionService } from './session/session.service.js';
import { TerminalController } from './terminal/terminal.controller.js';
import { TerminalService } from './terminal/terminal.service.js';
import { TotpController } from './totp/totp.controller.js';
import { TotpService } from './totp/totp.service.js';

@Module({
  imports: [BaseModule],
  controllers: [
    ApiKeyController,
    CredentialController,
    ExplainController,
    SessionController,
    TerminalController,
    TotpController,
  ],
  providers: [
    ApiKeyService,
    AttemptService,
    CredentialService,
    ExplainService,
    HashingService,
    IdentityService,
    OpenSessions,
    PasswordPolicyService,
    ProofService,
    SessionService,
    TerminalService,
    TotpService,
    { provide: Authenticator, useClass: RequestAuthenticator },
  ],
  exports: [IdentityService],
})
export class AuthModule {}

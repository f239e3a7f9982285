import { Module } from '@nestjs/common';
import { Authenticator } from '#kernel';
import { BaseModule } from '#modules/base';
import { AttemptService } from './attempt/attempt.service.js';
import { CredentialController } from './credential/credential.controller.js';
import { CredentialService } from './credential/credential.service.js';
import { HashingService } from './credential/hashing.service.js';
import { PasswordPolicyService } from './credential/password-policy.service.js';
import { ExplainController } from './explain/explain.controller.js';
import { ExplainService } from './explain/explain.service.js';
import { IdentityService } from './identity/identity.service.js';
import { SessionAuthenticator } from './session/session.authenticator.js';
import { SessionController } from './session/session.controller.js';
import { SessionService } from './session/session.service.js';

@Module({
  imports: [BaseModule],
  controllers: [CredentialController, ExplainController, SessionController],
  providers: [
    AttemptService,
    CredentialService,
    ExplainService,
    HashingService,
    IdentityService,
    PasswordPolicyService,
    SessionService,
    { provide: Authenticator, useClass: SessionAuthenticator },
  ],
  exports: [IdentityService],
})
export class AuthModule {}

import { Module } from '@nestjs/common';
import { Authenticator } from '#kernel';
import { CredentialService } from './credential/credential.service.js';
import { IdentityService } from './identity/identity.service.js';
import { SessionAuthenticator } from './session/session.authenticator.js';
import { SessionController } from './session/session.controller.js';
import { SessionService } from './session/session.service.js';

@Module({
  controllers: [SessionController],
  providers: [
    CredentialService,
    IdentityService,
    SessionService,
    { provide: Authenticator, useClass: SessionAuthenticator },
  ],
  exports: [IdentityService],
})
export class AuthModule {}

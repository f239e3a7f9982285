import { Body, Controller, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, currentContext, Despite, Id, Sensitive, SIGNED_IN, StepUp } from '#kernel';
import { CheckPassword } from './credential.input.js';
import { PersonNeeded } from '../identity/identity.problems.js';
import { BotHasNoPassword, PasswordMustChange } from './credential.problems.js';
import { CredentialService } from './credential.service.js';
import { InitialPasswordView, PasswordVerdictView } from './credential.view.js';

@ApiTags('auth')
@Controller('api/v1/auth')
export class CredentialController {
  constructor(private readonly credentials: CredentialService) {}

  @Post('password/check')
  @Sensitive()
  @Allow(SIGNED_IN)
  @Despite(PasswordMustChange)
  @Answers(PasswordVerdictView, PersonNeeded)
  async check(@Body() { password }: CheckPassword): Promise<PasswordVerdictView> {
    const verdict = await this.credentials.judge(password);
    return PasswordVerdictView.of(verdict, currentContext()?.language ?? 'es');
  }

  @Post('users/:id/reset')
  @Sensitive()
  @Allow('auth.password.reset')
  @StepUp()
  @Answers(InitialPasswordView, BotHasNoPassword)
  async reset(@Id() id: string): Promise<InitialPasswordView> {
    const { initialPassword, expiresAt } = await this.credentials.reset(id);
    return { initialPassword, expiresAt: expiresAt.toISOString() };
  }
}

import { Body, Controller, Delete, Get, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  Allow,
  Answers,
  AnswersNothing,
  Despite,
  Id,
  NotFound,
  SIGNED_IN,
  Sensitive,
  StepUp,
} from '#kernel';
import { TooManyAttempts } from '../attempt/attempt.problems.js';
import { PersonNeeded } from '../identity/identity.problems.js';
import { ownSession } from '../identity/own-session.js';
import { ProofService } from '../session/proof.service.js';
import { showSession } from '../session/session.cookie.js';
import { ConfirmTotp } from './totp.input.js';
import {
  TotpEnrolledAlready,
  TotpEnrolmentNeeded,
  TotpNotEnrolled,
  WrongCode,
} from './totp.problems.js';
import { TotpService } from './totp.service.js';
import { ConfirmedTotpView, RecoveryCodesView, TotpEnrolmentView, TotpView } from './totp.view.js';

@ApiTags('auth')
@Controller('api/v1/auth')
export class TotpController {
  constructor(
    private readonly totp: TotpService,
    private readonly proofs: ProofService,
  ) {}

  @Get('totp')
  @Allow(SIGNED_IN)
  @Despite(TotpEnrolmentNeeded)
  @Answers(TotpView, PersonNeeded)
  async show(): Promise<TotpView> {
    return this.totp.show(ownSession().userId);
  }

  @Post('totp')
  @Sensitive()
  @Allow(SIGNED_IN)
  @Despite(TotpEnrolmentNeeded)
  @StepUp()
  @Answers(TotpEnrolmentView, TotpEnrolledAlready)
  async begin(): Promise<TotpEnrolmentView> {
    return this.totp.begin(ownSession().userId);
  }

  @Post('totp/confirm')
  @Sensitive()
  @Allow(SIGNED_IN)
  @Despite(TotpEnrolmentNeeded)
  @Answers(
    ConfirmedTotpView,
    TotpEnrolledAlready,
    TotpNotEnrolled,
    WrongCode,
    TooManyAttempts,
    PersonNeeded,
    NotFound,
  )
  async confirm(
    @Body() { code }: ConfirmTotp,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ConfirmedTotpView> {
    const { opened, recoveryCodes } = await this.proofs.confirmTotp(code);
    return { ...showSession(opened, request, reply), recoveryCodes };
  }

  @Post('totp/recovery-codes')
  @Sensitive()
  @Allow(SIGNED_IN)
  @StepUp()
  @Answers(RecoveryCodesView, TotpNotEnrolled)
  async renewCodes(): Promise<RecoveryCodesView> {
    return { recoveryCodes: await this.totp.renewCodes(ownSession().userId) };
  }

  @Delete('totp')
  @Sensitive()
  @Allow(SIGNED_IN)
  @StepUp()
  @AnswersNothing(TotpNotEnrolled)
  async remove(): Promise<void> {
    await this.totp.remove(ownSession().userId);
  }

  /** For somebody who lost phone and paper. */
  @Delete('users/:id/totp')
  @Sensitive()
  @Allow('auth.totp.remove')
  @StepUp()
  @AnswersNothing(NotFound, TotpNotEnrolled)
  async removeOf(@Id() id: string): Promise<void> {
    await this.totp.remove(id);
  }
}

import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, Creates, Id, Idempotent, Lists, mapPage, NotFound, StepUp } from '#kernel';
import type { Page } from '#kernel';
import { PersonNeeded, StepUpNeeded, TooManyAttempts } from '#modules/auth';
import { BranchInactive, RegisterInactive } from '#modules/base';
import { ApprovalService } from './approval.service.js';
import type { CashSession } from './cash-session.entity.js';
import { CloseCashSession, CountCash, OpenCashSession } from './cash-session.input.js';
import * as problems from './cash-session.problems.js';
import { cashSessionList, CashSessionService } from './cash-session.service.js';
import { CashSessionView } from './cash-session.view.js';

@ApiTags('payments')
@Controller('api/v1/payments/cash-sessions')
export class CashSessionController {
  constructor(
    private readonly sessions: CashSessionService,
    private readonly approvals: ApprovalService,
  ) {}

  @Get()
  @Allow('payments.cash-session.read')
  @Lists(CashSessionView, cashSessionList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<CashSessionView>> {
    const seesExpected = await this.approvals.seesExpected();
    return mapPage(await this.sessions.list(query), (session) =>
      CashSessionView.of(session, seesExpected),
    );
  }

  @Get(':id')
  @Allow('payments.cash-session.read')
  @Answers(CashSessionView)
  async show(@Id() id: string): Promise<CashSessionView> {
    return this.view(await this.sessions.show(id));
  }

  @Post()
  @Allow('payments.cash-session.open')
  @Idempotent('optional')
  @Creates(
    CashSessionView,
    NotFound,
    RegisterInactive,
    BranchInactive,
    problems.CashierHasSession,
    problems.RegisterHasSession,
    problems.CountDiffers,
  )
  async open(@Body() input: OpenCashSession): Promise<CashSessionView> {
    return this.view(await this.sessions.open(input));
  }

  @Post(':id/end')
  @Allow('payments.cash-session.end')
  @Answers(CashSessionView, problems.CashSessionNotOpen)
  async end(@Id() id: string): Promise<CashSessionView> {
    return this.view(await this.sessions.end(id));
  }

  @Post(':id/count')
  @Allow('payments.cash-session.count')
  @Answers(
    CashSessionView,
    problems.CashSessionClosedAlready,
    problems.CashNotCounted,
    problems.CountDiffers,
    problems.CountedTooOften,
  )
  async count(@Id() id: string, @Body() input: CountCash): Promise<CashSessionView> {
    return this.view(await this.sessions.count(id, input));
  }

  @Post(':id/approve')
  @Allow('payments.difference.approve')
  @StepUp()
  @Answers(
    CashSessionView,
    problems.CashSessionClosedAlready,
    problems.CashNotCounted,
    problems.OwnDifference,
  )
  async approve(@Id() id: string): Promise<CashSessionView> {
    return this.view(await this.sessions.approve(id));
  }

  @Post(':id/close')
  @Allow('payments.cash-session.close')
  @Idempotent('optional')
  @Answers(
    CashSessionView,
    problems.CashSessionClosedAlready,
    problems.CashNotCounted,
    problems.CountDiffers,
    problems.CountedTooOften,
    problems.DifferenceNeedsApproval,
    problems.ApprovalRefused,
    StepUpNeeded,
    PersonNeeded,
    TooManyAttempts,
  )
  async close(@Id() id: string, @Body() input: CloseCashSession): Promise<CashSessionView> {
    return this.view(await this.sessions.close(id, input));
  }

  private async view(session: CashSession): Promise<CashSessionView> {
    return CashSessionView.of(session, await this.approvals.seesExpected());
  }
}

import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  Allow,
  Answers,
  Creates,
  Forbidden,
  Id,
  Idempotent,
  Lists,
  mapPage,
  NotFound,
} from '#kernel';
import type { Page } from '#kernel';
import { CustomerInactive } from '#modules/sales';
import { CashSessionNotOpen, NoOpenCashSession } from '../cash-session/cash-session.problems.js';
import * as payments from '../payment/payment.problems.js';
import { Prepay, RefundPrepayment, VoidPrepayment } from './prepaid.input.js';
import * as problems from './prepaid.problems.js';
import { prepaidEntryList, prepaidLedgerList, PrepaidService } from './prepaid.service.js';
import { PrepaidBalanceView, PrepaidEntryView } from './prepaid.view.js';

@ApiTags('payments')
@Controller('api/v1/payments')
export class PrepaidController {
  constructor(private readonly prepaid: PrepaidService) {}

  @Get('customers/:id/prepaid')
  @Allow('payments.prepaid.read')
  @Lists(PrepaidEntryView, prepaidLedgerList, PrepaidBalanceView)
  async balance(
    @Id() id: string,
    @Query() query: Record<string, unknown>,
  ): Promise<PrepaidBalanceView & Page<PrepaidEntryView>> {
    return PrepaidBalanceView.of(await this.prepaid.balance(id, query));
  }

  @Post('customers/:id/prepay')
  @Allow('payments.prepaid.create')
  @Idempotent()
  @Creates(
    PrepaidEntryView,
    NotFound,
    CustomerInactive,
    CashSessionNotOpen,
    payments.TenderedTooLittle,
    payments.ChangeOnlyFromCash,
    problems.PrepaidTooMuch,
  )
  async prepay(@Id() id: string, @Body() input: Prepay): Promise<PrepaidEntryView> {
    return PrepaidEntryView.of(await this.prepaid.prepay(id, input));
  }

  @Get('prepaid-entries')
  @Allow('payments.prepaid.read')
  @Lists(PrepaidEntryView, prepaidEntryList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<PrepaidEntryView>> {
    return mapPage(await this.prepaid.list(query), PrepaidEntryView.of);
  }

  @Post('prepaid-entries/:id/void')
  @Allow('payments.prepaid.void')
  @Idempotent()
  @Answers(
    PrepaidEntryView,
    NoOpenCashSession,
    Forbidden,
    payments.PaymentReversedAlready,
    problems.NotAPrepayment,
    problems.NotEnoughPrepaid,
  )
  async void(@Id() id: string, @Body() input: VoidPrepayment): Promise<PrepaidEntryView> {
    return PrepaidEntryView.of(await this.prepaid.void(id, input));
  }

  @Post('prepaid-entries/:id/refund')
  @Allow('payments.prepaid.refund')
  @Idempotent()
  @Answers(
    PrepaidEntryView,
    NoOpenCashSession,
    payments.PaymentReversedAlready,
    payments.RefundExceedsPayment,
    problems.NotAPrepayment,
    problems.NotEnoughPrepaid,
  )
  async refund(@Id() id: string, @Body() input: RefundPrepayment): Promise<PrepaidEntryView> {
    return PrepaidEntryView.of(await this.prepaid.refund(id, input));
  }
}

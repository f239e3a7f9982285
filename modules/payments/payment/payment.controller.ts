import { Body, Controller, Get, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  Allow,
  Answers,
  Creates,
  Edits,
  Forbidden,
  Id,
  Idempotent,
  IfMatch,
  Lists,
  mapPage,
  NotFound,
} from '#kernel';
import type { Page } from '#kernel';
import { PersonNeeded, StepUpNeeded } from '#modules/auth';
import { OrderNotInState, PaymentExceedsBalance } from '#modules/sales';
import { NoOpenCashSession } from '../cash-session/cash-session.problems.js';
import { EditPayment, RefundPayment, RegisterPayment, VoidPayment } from './payment.input.js';
import { NotEnoughPrepaid, OrderWithoutCustomer } from '../prepaid/prepaid.problems.js';
import * as problems from './payment.problems.js';
import { paymentList, PaymentService } from './payment.service.js';
import { PaymentView } from './payment.view.js';

@ApiTags('payments')
@Controller('api/v1/payments/payments')
export class PaymentController {
  constructor(private readonly payments: PaymentService) {}

  @Get()
  @Allow('payments.payment.read')
  @Lists(PaymentView, paymentList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<PaymentView>> {
    return mapPage(await this.payments.list(query), PaymentView.of);
  }

  @Get(':id')
  @Allow('payments.payment.read')
  @Answers(PaymentView)
  async show(@Id() id: string): Promise<PaymentView> {
    return PaymentView.of(await this.payments.show(id));
  }

  @Post()
  @Allow('payments.payment.create')
  @Idempotent()
  @Creates(
    PaymentView,
    NotFound,
    NoOpenCashSession,
    OrderNotInState,
    PaymentExceedsBalance,
    problems.TenderedTooLittle,
    problems.ChangeOnlyFromCash,
    NotEnoughPrepaid,
    OrderWithoutCustomer,
  )
  async register(@Body() input: RegisterPayment): Promise<PaymentView> {
    return PaymentView.of(await this.payments.register(input));
  }

  @Patch(':id')
  @Allow('payments.payment.edit')
  @Edits(
    PaymentView,
    OrderNotInState,
    PaymentExceedsBalance,
    problems.PaymentInClosedSession,
    problems.PaymentReversedAlready,
    problems.TenderedTooLittle,
    problems.ChangeOnlyFromCash,
    NotEnoughPrepaid,
    OrderWithoutCustomer,
  )
  async edit(
    @Id() id: string,
    @Body() input: EditPayment,
    @IfMatch() version: number,
  ): Promise<PaymentView> {
    return PaymentView.of(await this.payments.edit(id, input, version));
  }

  @Post(':id/void')
  @Allow('payments.payment.void')
  @Idempotent()
  @Answers(
    PaymentView,
    NoOpenCashSession,
    Forbidden,
    StepUpNeeded,
    PersonNeeded,
    problems.PaymentReversedAlready,
  )
  async void(@Id() id: string, @Body() input: VoidPayment): Promise<PaymentView> {
    return PaymentView.of(await this.payments.void(id, input));
  }

  @Post(':id/refund')
  @Allow('payments.payment.refund')
  @Idempotent()
  @Answers(
    PaymentView,
    NoOpenCashSession,
    StepUpNeeded,
    PersonNeeded,
    problems.PaymentReversedAlready,
    problems.RefundExceedsPayment,
  )
  async refund(@Id() id: string, @Body() input: RefundPayment): Promise<PaymentView> {
    return PaymentView.of(await this.payments.refund(id, input));
  }
}

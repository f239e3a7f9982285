import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, Creates, Id, Idempotent, Lists, mapPage, NotFound } from '#kernel';
import type { Page } from '#kernel';
import { OrderNotInState, PaymentExceedsBalance } from '#modules/sales';
import { NoOpenCashSession } from '../cash-session/cash-session.problems.js';
import { RegisterPayment } from './payment.input.js';
import { ChangeOnlyFromCash, TenderedTooLittle } from './payment.problems.js';
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
    TenderedTooLittle,
    ChangeOnlyFromCash,
  )
  async register(@Body() input: RegisterPayment): Promise<PaymentView> {
    return PaymentView.of(await this.payments.register(input));
  }
}

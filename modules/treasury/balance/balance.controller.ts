import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Creates, Idempotent, Lists, mapPage } from '#kernel';
import type { Page } from '#kernel';
import { FlowInFuture } from '../flow/flow.problems.js';
import { StateBalance } from './balance.input.js';
import { balanceList, BalanceService } from './balance.service.js';
import { BalanceView } from './balance.view.js';

@ApiTags('treasury')
@Controller('api/v1/treasury/balances')
export class BalanceController {
  constructor(private readonly balances: BalanceService) {}

  @Get()
  @Allow('treasury.balance.read')
  @Lists(BalanceView, balanceList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<BalanceView>> {
    return mapPage(await this.balances.list(query), BalanceView.of);
  }

  @Post()
  @Allow('treasury.balance.create')
  @Idempotent('optional')
  @Creates(BalanceView, FlowInFuture)
  async state(@Body() input: StateBalance): Promise<BalanceView> {
    return BalanceView.of(await this.balances.state(input));
  }
}

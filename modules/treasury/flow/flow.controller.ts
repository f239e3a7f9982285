import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, Creates, Id, Idempotent, Lists, mapPage, NotFound } from '#kernel';
import type { Page } from '#kernel';
import { ExpectFlow, SettleFlow } from './flow.input.js';
import { FlowHasOwner, FlowInFuture, FlowNotExpected } from './flow.problems.js';
import { flowList, FlowService } from './flow.service.js';
import { FlowView } from './flow.view.js';

@ApiTags('treasury')
@Controller('api/v1/treasury/flows')
export class FlowController {
  constructor(private readonly flows: FlowService) {}

  @Get()
  @Allow('treasury.flow.read')
  @Lists(FlowView, flowList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<FlowView>> {
    return mapPage(await this.flows.list(query), FlowView.of);
  }

  @Get(':id')
  @Allow('treasury.flow.read')
  @Answers(FlowView)
  async show(@Id() id: string): Promise<FlowView> {
    return FlowView.of(await this.flows.show(id));
  }

  @Post()
  @Allow('treasury.flow.edit')
  @Idempotent('optional')
  @Creates(FlowView)
  async expect(@Body() input: ExpectFlow): Promise<FlowView> {
    return FlowView.of(await this.flows.expect(input));
  }

  @Post(':id/settle')
  @Allow('treasury.flow.edit')
  @Answers(FlowView, NotFound, FlowNotExpected, FlowHasOwner, FlowInFuture)
  async settle(@Id() id: string, @Body() input: SettleFlow): Promise<FlowView> {
    return FlowView.of(await this.flows.settle(id, input));
  }

  @Post(':id/cancel')
  @Allow('treasury.flow.edit')
  @Answers(FlowView, NotFound, FlowNotExpected, FlowHasOwner)
  async cancel(@Id() id: string): Promise<FlowView> {
    return FlowView.of(await this.flows.cancel(id));
  }
}

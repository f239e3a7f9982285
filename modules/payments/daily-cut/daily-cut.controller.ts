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
import { CutDay, MakeCut } from './daily-cut.input.js';
import { DayAlreadyCut, DayInFuture, SessionsNotClosed } from './daily-cut.problems.js';
import { dailyCutList, DailyCutService } from './daily-cut.service.js';
import { DailyCutView, DayReadingView } from './daily-cut.view.js';

@ApiTags('payments')
@Controller('api/v1/payments/daily-cuts')
export class DailyCutController {
  constructor(private readonly cuts: DailyCutService) {}

  @Get()
  @Allow('payments.daily-cut.read')
  @Lists(DailyCutView, dailyCutList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<DailyCutView>> {
    return mapPage(await this.cuts.list(query), DailyCutView.of);
  }

  @Get(':id')
  @Allow('payments.daily-cut.read')
  @Answers(DailyCutView)
  async show(@Id() id: string): Promise<DailyCutView> {
    return DailyCutView.of(await this.cuts.show(id));
  }

  @Post()
  @Allow('payments.daily-cut.create')
  @Idempotent('optional')
  @Creates(DailyCutView, NotFound, SessionsNotClosed, DayAlreadyCut, DayInFuture, Forbidden)
  async cut(@Body() input: MakeCut): Promise<DailyCutView> {
    return DailyCutView.of(await this.cuts.cut(input));
  }

  /** A reading changes nothing; it is a POST because it names a branch and a day. */
  @Post('reading')
  @Allow('payments.daily-cut.read')
  @Answers(DayReadingView, NotFound)
  async read(@Body() input: CutDay): Promise<DayReadingView> {
    return DayReadingView.of(await this.cuts.read(input));
  }
}

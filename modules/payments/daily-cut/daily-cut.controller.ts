import { Body, Controller, Get, Header, Post, Query, StreamableFile } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  Allow,
  Answers,
  AnswersFile,
  Creates,
  CSV_TYPE,
  Forbidden,
  Id,
  Idempotent,
  Lists,
  mapPage,
  NotFound,
} from '#kernel';
import type { Page } from '#kernel';
import { ApprovalService } from '../cash-session/approval.service.js';
import { CutNamesService } from './cut-names.service.js';
import { cutCsv } from './daily-cut-csv.view.js';
import { CUT_PAGE_POLICY, cutPage } from './daily-cut-page.view.js';
import type { DailyCut } from './daily-cut.entity.js';
import { CutDay, MakeCut } from './daily-cut.input.js';
import { DayAlreadyCut, DayInFuture, SessionsNotClosed } from './daily-cut.problems.js';
import { dailyCutList, DailyCutService } from './daily-cut.service.js';
import { DailyCutView, DayReadingView } from './daily-cut.view.js';

const HTML_TYPE = 'text/html; charset=utf-8';

@ApiTags('payments')
@Controller('api/v1/payments/daily-cuts')
export class DailyCutController {
  constructor(
    private readonly cuts: DailyCutService,
    private readonly names: CutNamesService,
    private readonly approvals: ApprovalService,
  ) {}

  @Get()
  @Allow('payments.daily-cut.read')
  @Lists(DailyCutView, dailyCutList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<DailyCutView>> {
    const seesExpected = await this.approvals.seesExpected();
    return mapPage(await this.cuts.list(query), (cut) => DailyCutView.of(cut, seesExpected));
  }

  @Get(':id')
  @Allow('payments.daily-cut.read')
  @Answers(DailyCutView)
  async show(@Id() id: string): Promise<DailyCutView> {
    return this.view(await this.cuts.show(id));
  }

  @Get(':id.csv')
  @Allow('payments.daily-cut.read')
  @AnswersFile(CSV_TYPE)
  async csv(@Id() id: string): Promise<StreamableFile> {
    const cut = await this.show(id);
    const names = await this.names.of(cut);
    const name = `corte-${names.branch.code}-${cut.date}-${cut.sequence}.csv`;
    const disposition = `attachment; filename="${name}"`;
    return new StreamableFile(Buffer.from(cutCsv(cut, names)), { type: CSV_TYPE, disposition });
  }

  /** To print, in a browser that is signed in; in Spanish, whatever the client speaks. */
  @Get(':id.html')
  @Allow('payments.daily-cut.read')
  @AnswersFile(HTML_TYPE)
  @Header('content-security-policy', CUT_PAGE_POLICY)
  async page(@Id() id: string): Promise<StreamableFile> {
    const cut = await this.show(id);
    const page = cutPage(cut, await this.names.of(cut));
    return new StreamableFile(Buffer.from(page), { type: HTML_TYPE });
  }

  @Post()
  @Allow('payments.daily-cut.create')
  @Idempotent('optional')
  @Creates(DailyCutView, NotFound, SessionsNotClosed, DayAlreadyCut, DayInFuture, Forbidden)
  async cut(@Body() input: MakeCut): Promise<DailyCutView> {
    return this.view(await this.cuts.cut(input));
  }

  /** A reading changes nothing; it is a POST because it names a branch and a day. */
  @Post('reading')
  @Allow('payments.daily-cut.read')
  @Answers(DayReadingView, NotFound)
  async read(@Body() input: CutDay): Promise<DayReadingView> {
    return DayReadingView.of(await this.cuts.read(input), await this.approvals.seesExpected());
  }

  private async view(cut: DailyCut): Promise<DailyCutView> {
    return DailyCutView.of(cut, await this.approvals.seesExpected());
  }
}

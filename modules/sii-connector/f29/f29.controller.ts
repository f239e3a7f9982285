import {
  Body,
  Controller,
  Get,
  Header,
  Param,
  Post,
  Put,
  Query,
  StreamableFile,
} from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import {
  Allow,
  Answers,
  AnswersFile,
  Creates,
  CSV_TYPE,
  Edits,
  Id,
  Idempotent,
  IfMatch,
  Lists,
  Malformed,
  mapPage,
  NotFound,
  PageQuery,
} from '#kernel';
import type { Page } from '#kernel';
import { CompanyService } from '#modules/base';
import { SendReturn } from '../connector/connector.input.js';
import { ConnectorCannot, UnknownConnectorKind } from '../connector/connector.problems.js';
import { SubmissionService } from '../connector/submission.service.js';
import { CHECKLIST_POLICY, checklistPage } from './checklist-page.view.js';
import { CheckService } from './check.service.js';
import { demandCode, readCodes, TakesCodes } from './code-map.input.js';
import { FilingService } from './filing.service.js';
import { paperName, returnCsv, returnXml } from './return-files.view.js';
import * as inputs from './return.input.js';
import * as problems from './return.problems.js';
import { returnList, ReturnService } from './return.service.js';
import { FindingsView, ReturnFindingView, ReturnSummaryView, ReturnView } from './return.view.js';
import { RulesView } from './rule.view.js';
import { TraceService } from './trace.service.js';
import { TraceView } from './trace.view.js';

const { ReturnNotInState } = problems;
const HTML_TYPE = 'text/html; charset=utf-8';
const XML_TYPE = 'application/xml';

@ApiTags('sii-connector')
@Controller('api/v1/sii-connector/f29')
export class F29Controller {
  constructor(
    private readonly returns: ReturnService,
    private readonly filing: FilingService,
    private readonly submissions: SubmissionService,
    private readonly checks: CheckService,
    private readonly traces: TraceService,
    private readonly companies: CompanyService,
  ) {}

  @Get()
  @Allow('sii-connector.tax-return.read')
  @Lists(ReturnSummaryView, returnList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<ReturnSummaryView>> {
    return mapPage(await this.returns.list(query), ReturnSummaryView.of);
  }

  @Post()
  @Allow('sii-connector.tax-return.prepare')
  @Idempotent('optional')
  @Creates(ReturnView, problems.ReturnExists, problems.PeriodNotOver)
  async open(@Body() { period }: inputs.OpenReturn): Promise<ReturnView> {
    return ReturnView.of(await this.returns.open(period));
  }

  /** Every rule by name, with what it is founded on. */
  @Get('rules')
  @Allow('sii-connector.tax-return.read')
  @Answers(RulesView)
  async rules(): Promise<RulesView> {
    return Promise.resolve(RulesView.all());
  }

  /** Checks any return; keeps nothing. It is a POST because it carries one. */
  @Post('check')
  @Allow('sii-connector.tax-return.read')
  @Answers(FindingsView, Malformed)
  async check(@Body() input: inputs.CheckReturn): Promise<FindingsView> {
    const findings = await this.checks.check(input);
    return { findings: findings.map((finding) => ReturnFindingView.of(finding)) };
  }

  @Get(':id')
  @Allow('sii-connector.tax-return.read')
  @Answers(ReturnView)
  async show(@Id() id: string): Promise<ReturnView> {
    return ReturnView.of(await this.returns.show(id));
  }

  @Post(':id/compute')
  @Allow('sii-connector.tax-return.prepare')
  @Answers(ReturnView, NotFound, ReturnNotInState)
  async compute(@Id() id: string): Promise<ReturnView> {
    return ReturnView.of(await this.returns.compute(id));
  }

  @Put(':id/codes')
  @Allow('sii-connector.tax-return.prepare')
  @TakesCodes()
  @Edits(ReturnView, NotFound, ReturnNotInState)
  async type(
    @Id() id: string,
    @Body() codes: Record<string, unknown>,
    @IfMatch() version: number,
  ): Promise<ReturnView> {
    return ReturnView.of(await this.returns.type(id, readCodes(codes, 'codes'), version));
  }

  /** The SII's own proposal, to compare with; an empty one takes it away. */
  @Put(':id/proposal')
  @Allow('sii-connector.tax-return.prepare')
  @TakesCodes()
  @Edits(ReturnView, NotFound, ReturnNotInState)
  async bringProposal(
    @Id() id: string,
    @Body() codes: Record<string, unknown>,
    @IfMatch() version: number,
  ): Promise<ReturnView> {
    return ReturnView.of(await this.returns.bringProposal(id, readCodes(codes, 'codes'), version));
  }

  @Post(':id/take-proposed')
  @Allow('sii-connector.tax-return.prepare')
  @Answers(ReturnView, NotFound, ReturnNotInState, problems.NoProposal)
  async takeProposed(
    @Id() id: string,
    @Body() { codes }: inputs.TakeProposal,
  ): Promise<ReturnView> {
    const taken = codes.map(({ code }) => demandCode(code));
    return ReturnView.of(await this.returns.takeProposed(id, taken));
  }

  @Post(':id/acknowledge')
  @Allow('sii-connector.tax-return.prepare')
  @Answers(ReturnView, NotFound, ReturnNotInState, problems.FindingAbsent)
  async acknowledge(
    @Id() id: string,
    @Body() { acknowledgements }: inputs.AcknowledgeFindings,
  ): Promise<ReturnView> {
    return ReturnView.of(await this.returns.acknowledge(id, acknowledgements));
  }

  @Post(':id/validate')
  @Allow('sii-connector.tax-return.approve')
  @Answers(
    ReturnView,
    ...[NotFound, ReturnNotInState, problems.ReturnHasErrors],
    ...[problems.WarningsOpen, problems.SecondPersonNeeded],
  )
  async validate(@Id() id: string): Promise<ReturnView> {
    return ReturnView.of(await this.returns.validate(id));
  }

  @Post(':id/export')
  @Allow('sii-connector.tax-return.file')
  @Answers(ReturnView, NotFound, ReturnNotInState)
  async export(@Id() id: string): Promise<ReturnView> {
    return ReturnView.of(await this.filing.export(id));
  }

  /** Into the queue of a connector that can submit; the worker gives it over. */
  @Post(':id/send')
  @Allow('sii-connector.tax-return.file')
  @Answers(ReturnView, NotFound, ReturnNotInState, ConnectorCannot, UnknownConnectorKind)
  async send(@Id() id: string, @Body() { connectorId }: SendReturn): Promise<ReturnView> {
    return ReturnView.of(await this.submissions.send(id, connectorId));
  }

  /** Folio and date as the SII's site told them: the return is filed from then on, and never changes. */
  @Post(':id/file')
  @Allow('sii-connector.tax-return.file')
  @Answers(
    ReturnView,
    ...[NotFound, ReturnNotInState, problems.FilingDayWrong, problems.FolioTaken],
  )
  async file(@Id() id: string, @Body() input: inputs.FileReturn): Promise<ReturnView> {
    return ReturnView.of(await this.filing.file(id, input));
  }

  @Post(':id/pay')
  @Allow('sii-connector.tax-return.file')
  @Answers(
    ReturnView,
    ...[NotFound, ReturnNotInState, problems.NothingToPay, problems.FilingDayWrong],
  )
  async pay(@Id() id: string, @Body() input: inputs.PayReturn): Promise<ReturnView> {
    return ReturnView.of(await this.filing.pay(id, input));
  }

  @Post(':id/reject-payment')
  @Allow('sii-connector.tax-return.file')
  @Answers(ReturnView, NotFound, ReturnNotInState)
  async rejectPayment(
    @Id() id: string,
    @Body() { reason }: inputs.GiveReason,
  ): Promise<ReturnView> {
    return ReturnView.of(await this.filing.rejectPayment(id, reason));
  }

  @Post(':id/rectify')
  @Allow('sii-connector.tax-return.prepare')
  @Creates(ReturnView, NotFound, ReturnNotInState, problems.ReturnExists)
  async rectify(@Id() id: string, @Body() { reason }: inputs.GiveReason): Promise<ReturnView> {
    return ReturnView.of(await this.filing.rectify(id, reason));
  }

  @Get(':id/codes/:code/trace')
  @Allow('sii-connector.tax-return.read')
  @ApiParam({ name: 'code', schema: { type: 'string', pattern: '^0*[1-9][0-9]{0,5}$' } })
  @Answers(TraceView, problems.CodeAbsent)
  async trace(
    @Id() id: string,
    @Param('code') code: string,
    @Query() query: PageQuery,
  ): Promise<TraceView> {
    return this.traces.trace(id, code, query);
  }

  @Get(':id/files/csv')
  @Allow('sii-connector.tax-return.read')
  @AnswersFile(CSV_TYPE)
  async csv(@Id() id: string): Promise<StreamableFile> {
    const [declared, company] = [await this.returns.show(id), await this.companies.show()];
    const disposition = `attachment; filename="${paperName(declared, company)}.csv"`;
    const paper = Buffer.from(returnCsv(declared, company));
    return new StreamableFile(paper, { type: CSV_TYPE, disposition });
  }

  @Get(':id/files/xml')
  @Allow('sii-connector.tax-return.read')
  @AnswersFile(XML_TYPE)
  async xml(@Id() id: string): Promise<StreamableFile> {
    const [declared, company] = [await this.returns.show(id), await this.companies.show()];
    const disposition = `attachment; filename="${paperName(declared, company)}.xml"`;
    const paper = Buffer.from(returnXml(declared, company));
    return new StreamableFile(paper, { type: XML_TYPE, disposition });
  }

  /** To print, in a browser that is signed in; in Spanish, whatever the client speaks. */
  @Get(':id/files/checklist')
  @Allow('sii-connector.tax-return.read')
  @AnswersFile(HTML_TYPE)
  @Header('content-security-policy', CHECKLIST_POLICY)
  async checklist(@Id() id: string): Promise<StreamableFile> {
    const [declared, company] = [await this.returns.show(id), await this.companies.show()];
    const page = checklistPage(declared, company);
    return new StreamableFile(Buffer.from(page), { type: HTML_TYPE });
  }
}

import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, Id, Lists, mapPage } from '#kernel';
import type { Page } from '#kernel';
import { submissionList, SubmissionService } from './submission.service.js';
import { SubmissionView } from './submission.view.js';

@ApiTags('sii-connector')
@Controller('api/v1/sii-connector/submissions')
export class SubmissionController {
  constructor(private readonly submissions: SubmissionService) {}

  @Get()
  @Allow('sii-connector.connector.read')
  @Lists(SubmissionView, submissionList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<SubmissionView>> {
    return mapPage(await this.submissions.list(query), SubmissionView.of);
  }

  @Get(':id')
  @Allow('sii-connector.connector.read')
  @Answers(SubmissionView)
  async show(@Id() id: string): Promise<SubmissionView> {
    return SubmissionView.of(await this.submissions.show(id));
  }
}

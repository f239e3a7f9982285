import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, Forbidden, NotFound, SIGNED_IN } from '#kernel';
import { ExplainQuery } from './explain.input.js';
import { UnknownPermission, UnknownSubjectType } from './explain.problems.js';
import { ExplainService } from './explain.service.js';
import { ExplanationView } from './explain.view.js';

@ApiTags('auth')
@Controller('api/v1/auth/explain')
export class ExplainController {
  constructor(private readonly explanations: ExplainService) {}

  @Get()
  @Allow(SIGNED_IN)
  @Answers(ExplanationView, UnknownPermission, UnknownSubjectType, Forbidden, NotFound)
  async explain(@Query() query: ExplainQuery): Promise<ExplanationView> {
    return this.explanations.explain(query);
  }
}

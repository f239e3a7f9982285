import { Controller, Get, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Public } from '../access/allow.js';
import { Answers } from './answers.js';
import { IntegerField, ListField, TextField } from './fields.js';
import { declaredProblems, Problem } from './problem.js';
import { NotFound } from './problems.js';

class ProblemKindView {
  @TextField({ max: 100 })
  code!: string;

  @IntegerField({ min: 400, max: 599 })
  status!: number;

  @TextField({ max: 200, description: 'in Spanish' })
  es!: string;

  @TextField({ max: 200, description: 'in English' })
  en!: string;
}

class ProblemKindsView {
  @ListField(() => ProblemKindView, { maxItems: 1000 })
  items!: ProblemKindView[];
}

/** What the `type` of a problem refers to. Public: it is documentation. */
@ApiTags('problems')
@Controller('problems')
export class ProblemController {
  @Get()
  @Public()
  @Answers(ProblemKindsView)
  list(): ProblemKindsView {
    return {
      items: declaredProblems().map(({ code, status, title }) => ({ code, status, ...title })),
    };
  }

  @Get(':code')
  @Public()
  @Answers(ProblemKindView, NotFound)
  show(@Param('code') code: string): ProblemKindView {
    const found = this.list().items.find((kind) => kind.code === code);
    if (!found) throw new Problem(NotFound);
    return found;
  }
}

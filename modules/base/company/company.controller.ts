import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, Edits, IfMatch, SIGNED_IN } from '#kernel';
import { EditCompany } from './company.input.js';
import { CompanyRutTaken } from './company.problems.js';
import { CompanyService } from './company.service.js';
import { CompanyView } from './company.view.js';

@ApiTags('base')
@Controller('api/v1/base/company')
export class CompanyController {
  constructor(private readonly companies: CompanyService) {}

  @Get()
  @Allow(SIGNED_IN)
  @Answers(CompanyView)
  async show(): Promise<CompanyView> {
    return CompanyView.of(await this.companies.show());
  }

  @Patch()
  @Allow('base.company.edit')
  @Edits(CompanyView, CompanyRutTaken)
  async edit(@Body() input: EditCompany, @IfMatch() version: number): Promise<CompanyView> {
    return CompanyView.of(await this.companies.edit(input, version));
  }
}

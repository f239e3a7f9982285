import { Body, Controller, Get, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, Creates, Edits, Id, IfMatch, Lists, mapPage, SIGNED_IN } from '#kernel';
import type { Page } from '#kernel';
import { CreateBranch, EditBranch } from './branch.input.js';
import { BranchCodeTaken } from './branch.problems.js';
import { branchList, BranchService } from './branch.service.js';
import { BranchView } from './branch.view.js';

@ApiTags('base')
@Controller('api/v1/base/branches')
export class BranchController {
  constructor(private readonly branches: BranchService) {}

  @Get()
  @Allow(SIGNED_IN)
  @Lists(BranchView, branchList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<BranchView>> {
    return mapPage(await this.branches.list(query), BranchView.of);
  }

  @Get(':id')
  @Allow(SIGNED_IN)
  @Answers(BranchView)
  async show(@Id() id: string): Promise<BranchView> {
    return BranchView.of(await this.branches.show(id));
  }

  @Post()
  @Allow('base.branch.create')
  @Creates(BranchView, BranchCodeTaken)
  async create(@Body() input: CreateBranch): Promise<BranchView> {
    return BranchView.of(await this.branches.create(input));
  }

  @Patch(':id')
  @Allow('base.branch.edit')
  @Edits(BranchView)
  async edit(
    @Id() id: string,
    @Body() input: EditBranch,
    @IfMatch() version: number,
  ): Promise<BranchView> {
    return BranchView.of(await this.branches.edit(id, input, version));
  }
}

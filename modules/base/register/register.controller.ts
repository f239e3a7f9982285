import { Body, Controller, Get, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  Allow,
  Answers,
  Creates,
  Edits,
  Id,
  IfMatch,
  Lists,
  mapPage,
  NotFound,
  SIGNED_IN,
} from '#kernel';
import type { Page } from '#kernel';
import { BranchInactive } from '../branch/branch.problems.js';
import { CreateRegister, EditRegister } from './register.input.js';
import { RegisterCodeTaken } from './register.problems.js';
import { registerList, RegisterService } from './register.service.js';
import { RegisterView } from './register.view.js';

@ApiTags('base')
@Controller('api/v1/base/registers')
export class RegisterController {
  constructor(private readonly registers: RegisterService) {}

  @Get()
  @Allow(SIGNED_IN)
  @Lists(RegisterView, registerList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<RegisterView>> {
    return mapPage(await this.registers.list(query), RegisterView.of);
  }

  @Get(':id')
  @Allow(SIGNED_IN)
  @Answers(RegisterView)
  async show(@Id() id: string): Promise<RegisterView> {
    return RegisterView.of(await this.registers.show(id));
  }

  @Post()
  @Allow('base.register.create')
  @Creates(RegisterView, RegisterCodeTaken, BranchInactive, NotFound)
  async create(@Body() input: CreateRegister): Promise<RegisterView> {
    return RegisterView.of(await this.registers.create(input));
  }

  @Patch(':id')
  @Allow('base.register.edit')
  @Edits(RegisterView)
  async edit(
    @Id() id: string,
    @Body() input: EditRegister,
    @IfMatch() version: number,
  ): Promise<RegisterView> {
    return RegisterView.of(await this.registers.edit(id, input, version));
  }
}

import { Body, Controller, Get, Param, Patch, Post, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import {
  Allow,
  Answers,
  AnswersNothing,
  Creates,
  Edits,
  Id,
  IfMatch,
  Lists,
  mapPage,
  Public,
  Sensitive,
} from '#kernel';
import type { Page } from '#kernel';
import { UnknownAlertType } from '../alert/alert.problems.js';
import { WrongToken } from '../heartbeat/heartbeat.problems.js';
import { tokenHashOf } from '../heartbeat/token.js';
import { CreateSource, EditSource, Signal } from './source.input.js';
import {
  SourceNameTaken,
  TooManySources,
  TypeNotAllowed,
  TypeNotRaised,
} from './source.problems.js';
import { sourceList, SourceService } from './source.service.js';
import { SourceCreatedView, SourceView } from './source.view.js';

@ApiTags('operational-alerts')
@Controller('api/v1/operational-alerts/sources')
export class SourceController {
  constructor(private readonly sources: SourceService) {}

  @Get()
  @Allow('operational-alerts.source.read')
  @Lists(SourceView, sourceList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<SourceView>> {
    return mapPage(await this.sources.list(query), SourceView.of);
  }

  @Get(':id')
  @Allow('operational-alerts.source.read')
  @Answers(SourceView)
  async show(@Id() id: string): Promise<SourceView> {
    return SourceView.of(await this.sources.show(id));
  }

  @Post()
  @Allow('operational-alerts.source.edit')
  @Sensitive()
  @Creates(SourceCreatedView, SourceNameTaken, UnknownAlertType, TypeNotRaised, TooManySources)
  async create(@Body() input: CreateSource): Promise<SourceCreatedView> {
    const { source, token } = await this.sources.create(input);
    return { ...SourceView.of(source), token };
  }

  @Patch(':id')
  @Allow('operational-alerts.source.edit')
  @Edits(SourceView, UnknownAlertType, TypeNotRaised)
  async edit(
    @Id() id: string,
    @Body() input: EditSource,
    @IfMatch() version: number,
  ): Promise<SourceView> {
    return SourceView.of(await this.sources.edit(id, input, version));
  }

  /** Public: a program at the other end of the world has a token and no account. */
  @Post(':name/signals')
  @Public()
  @AnswersNothing(WrongToken, TypeNotAllowed)
  async signal(
    @Param('name') name: string,
    @Body() signal: Signal,
    @Req() request: FastifyRequest,
  ): Promise<void> {
    await this.sources.signal(name, tokenHashOf(request), signal);
  }
}

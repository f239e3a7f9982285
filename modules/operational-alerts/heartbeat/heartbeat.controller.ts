import { Body, Controller, Get, Param, Patch, Post, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import {
  Allow,
  Answers,
  AnswersNothing,
  Clock,
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
import { CreateHeartbeat, EditHeartbeat } from './heartbeat.input.js';
import {
  HeartbeatNameTaken,
  HeartbeatRefused,
  TooManyHeartbeats,
  WrongToken,
} from './heartbeat.problems.js';
import { heartbeatList, HeartbeatService } from './heartbeat.service.js';
import { HeartbeatCreatedView, HeartbeatView } from './heartbeat.view.js';
import { tokenHashOf } from './token.js';

@ApiTags('operational-alerts')
@Controller('api/v1/operational-alerts/heartbeats')
export class HeartbeatController {
  constructor(
    private readonly heartbeats: HeartbeatService,
    private readonly clock: Clock,
  ) {}

  @Get()
  @Allow('operational-alerts.heartbeat.read')
  @Lists(HeartbeatView, heartbeatList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<HeartbeatView>> {
    const now = this.clock.now();
    return mapPage(await this.heartbeats.list(query), (each) => HeartbeatView.of(each, now));
  }

  @Get(':id')
  @Allow('operational-alerts.heartbeat.read')
  @Answers(HeartbeatView)
  async show(@Id() id: string): Promise<HeartbeatView> {
    return HeartbeatView.of(await this.heartbeats.show(id), this.clock.now());
  }

  @Post()
  @Allow('operational-alerts.heartbeat.edit')
  @Sensitive()
  @Creates(HeartbeatCreatedView, HeartbeatRefused, HeartbeatNameTaken, TooManyHeartbeats)
  async create(@Body() input: CreateHeartbeat): Promise<HeartbeatCreatedView> {
    const { heartbeat, token } = await this.heartbeats.create(input);
    return { ...HeartbeatView.of(heartbeat, this.clock.now()), token };
  }

  @Patch(':id')
  @Allow('operational-alerts.heartbeat.edit')
  @Edits(HeartbeatView, HeartbeatRefused)
  async edit(
    @Id() id: string,
    @Body() input: EditHeartbeat,
    @IfMatch() version: number,
  ): Promise<HeartbeatView> {
    return HeartbeatView.of(await this.heartbeats.edit(id, input, version), this.clock.now());
  }

  /** Public: a job at the other end of the world has a token and no account. */
  @Post(':name/ping')
  @Public()
  @AnswersNothing(WrongToken)
  async ping(@Param('name') name: string, @Req() request: FastifyRequest): Promise<void> {
    await this.heartbeats.ping(name, tokenHashOf(request));
  }
}

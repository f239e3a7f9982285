import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, Id, Lists, mapPage } from '#kernel';
import type { Page } from '#kernel';
import { eventList, EventService } from './event.service.js';
import { EventView } from './event.view.js';

@ApiTags('audit')
@Controller('api/v1/audit')
export class EventController {
  constructor(private readonly events: EventService) {}

  @Get('events')
  @Allow('audit.event.read')
  @Lists(EventView, eventList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<EventView>> {
    return mapPage(await this.events.list(query), EventView.of);
  }

  @Get('events/:id')
  @Allow('audit.event.read')
  @Answers(EventView)
  async show(@Id() id: string): Promise<EventView> {
    return EventView.of(await this.events.show(id));
  }

  @Get('history/:subjectType/:id')
  @Allow('audit.event.read')
  @Lists(EventView, eventList)
  async history(
    @Param('subjectType') subjectType: string,
    @Id() id: string,
    @Query() query: Record<string, unknown>,
  ): Promise<Page<EventView>> {
    return mapPage(await this.events.history(subjectType, id, query), EventView.of);
  }
}

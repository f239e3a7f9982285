import { Controller, Get, Param, Query, StreamableFile } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, Exports, Id, Lists, mapPage } from '#kernel';
import type { Page } from '#kernel';
import { EXPORT_FORMATS, EventExportService } from './event-export.service.js';
import { eventList, EventService } from './event.service.js';
import { EventView } from './event.view.js';

@ApiTags('audit')
@Controller('api/v1/audit')
export class EventController {
  constructor(
    private readonly events: EventService,
    private readonly exports: EventExportService,
  ) {}

  @Get('events')
  @Allow('audit.event.read')
  @Lists(EventView, eventList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<EventView>> {
    return mapPage(await this.events.list(query), (row) => this.events.view(row));
  }

  @Get('export')
  @Allow('audit.event.export')
  @Exports(eventList, EXPORT_FORMATS)
  async export(@Query() query: Record<string, unknown>): Promise<StreamableFile> {
    const { format, body } = await this.exports.export(query);
    const disposition = `attachment; filename="audit.${format}"`;
    return new StreamableFile(body, { type: EXPORT_FORMATS[format], disposition });
  }

  @Get('events/:id')
  @Allow('audit.event.read')
  @Answers(EventView)
  async show(@Id() id: string): Promise<EventView> {
    return this.events.view(await this.events.show(id));
  }

  @Get('history/:subjectType/:id')
  @Allow('audit.event.read')
  @Lists(EventView, eventList)
  async history(
    @Param('subjectType') subjectType: string,
    @Id() id: string,
    @Query() query: Record<string, unknown>,
  ): Promise<Page<EventView>> {
    return mapPage(await this.events.history(subjectType, id, query), (row) =>
      this.events.view(row),
    );
  }
}

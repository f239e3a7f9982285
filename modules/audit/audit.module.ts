import { Module } from '@nestjs/common';
import { EventController } from './event/event.controller.js';
import { EventExportService } from './event/event-export.service.js';
import { EventService } from './event/event.service.js';

@Module({ controllers: [EventController], providers: [EventExportService, EventService] })
export class AuditModule {}

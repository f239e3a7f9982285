import { Module } from '@nestjs/common';
import { EventController } from './event/event.controller.js';
import { EventService } from './event/event.service.js';

@Module({ controllers: [EventController], providers: [EventService] })
export class AuditModule {}

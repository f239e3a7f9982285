import { Module } from '@nestjs/common';
import { BlockStore } from './chain/block-store.js';
import { ChainController } from './chain/chain.controller.js';
import { ChainService } from './chain/chain.service.js';
import { SealService } from './chain/seal.service.js';
import { SettledEventsService } from './chain/settled-events.service.js';
import { VerifyService } from './chain/verify.service.js';
import { EventController } from './event/event.controller.js';
import { EventExportService } from './event/event-export.service.js';
import { EventService } from './event/event.service.js';

@Module({
  controllers: [EventController, ChainController],
  providers: [
    EventExportService,
    EventService,
    BlockStore,
    ChainService,
    SealService,
    SettledEventsService,
    VerifyService,
  ],
  exports: [ChainService, SettledEventsService],
})
export class AuditModule {}

import { Module } from '@nestjs/common';
import { BaseModule } from '#modules/base';
import { BlockStore } from './chain/block-store.js';
import { ChainController } from './chain/chain.controller.js';
import { ChainService } from './chain/chain.service.js';
import { SealService } from './chain/seal.service.js';
import { SettledEventsService } from './chain/settled-events.service.js';
import { VerifyService } from './chain/verify.service.js';
import { ArchiveCheckService } from './cut/archive-check.service.js';
import { CutService } from './cut/cut.service.js';
import { RootService } from './cut/root.service.js';
import { EventController } from './event/event.controller.js';
import { EventExportService } from './event/event-export.service.js';
import { AuditPersonalData } from './withdrawal/audit-personal-data.js';
import { WithdrawalStore } from './withdrawal/withdrawal-store.js';
import { EventService } from './event/event.service.js';

@Module({
  imports: [BaseModule],
  controllers: [EventController, ChainController],
  providers: [
    EventExportService,
    EventService,
    BlockStore,
    ChainService,
    SealService,
    SettledEventsService,
    VerifyService,
    AuditPersonalData,
    WithdrawalStore,
    RootService,
    CutService,
    ArchiveCheckService,
  ],
  exports: [ChainService, SettledEventsService],
})
export class AuditModule {}

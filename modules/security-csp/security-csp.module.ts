import { Module } from '@nestjs/common';
import { BaseModule } from '#modules/base';
import { AppController } from './app/app.controller.js';
import { AppDirectoryService } from './app/app-directory.service.js';
import { AppService } from './app/app.service.js';
import { CollectorService } from './collector/collector.service.js';
import { GroupStoreService } from './collector/group-store.service.js';
import { ReportController } from './collector/report.controller.js';
import { StoreService } from './collector/store.service.js';
import { WaitingService } from './collector/waiting.service.js';
import { DigestService } from './digest/digest.service.js';
import { KeepingService } from './digest/keeping.service.js';
import { GroupController } from './group/group.controller.js';
import { GroupService } from './group/group.service.js';
import { policyPart } from './policy/policy.manifest.js';
import { SeriesController } from './series/series.controller.js';
import { SeriesService } from './series/series.service.js';

@Module({
  imports: [BaseModule],
  controllers: [
    ...[AppController, GroupController, ReportController, SeriesController],
    ...policyPart.controllers,
  ],
  providers: [
    AppDirectoryService,
    AppService,
    CollectorService,
    DigestService,
    GroupService,
    GroupStoreService,
    KeepingService,
    SeriesService,
    StoreService,
    WaitingService,
    ...policyPart.providers,
  ],
  exports: [AppService],
})
export class SecurityCspModule {}

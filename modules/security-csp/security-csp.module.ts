import { Module } from '@nestjs/common';
import { AppController } from './app/app.controller.js';
import { AppDirectoryService } from './app/app-directory.service.js';
import { AppService } from './app/app.service.js';
import { CollectorService } from './collector/collector.service.js';
import { GroupStoreService } from './collector/group-store.service.js';
import { ReportController } from './collector/report.controller.js';
import { StoreService } from './collector/store.service.js';

@Module({
  controllers: [AppController, ReportController],
  providers: [AppDirectoryService, AppService, CollectorService, GroupStoreService, StoreService],
  exports: [AppService],
})
export class SecurityCspModule {}

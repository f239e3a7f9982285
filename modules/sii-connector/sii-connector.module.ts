import { Module } from '@nestjs/common';
import { BaseModule } from '#modules/base';
import { DocumentController } from './document/document.controller.js';
import { DocumentService } from './document/document.service.js';
import { ImportController } from './import/import.controller.js';
import { ImportService } from './import/import.service.js';
import { RcvImportService } from './import/rcv-import.service.js';
import { LedgerService } from './ledger/ledger.service.js';

@Module({
  imports: [BaseModule],
  controllers: [DocumentController, ImportController],
  providers: [DocumentService, ImportService, LedgerService, RcvImportService],
})
export class SiiConnectorModule {}

import { Module } from '@nestjs/common';
import { BaseModule } from '#modules/base';
import { SalesModule } from '#modules/sales';
import { DocumentController } from './document/document.controller.js';
import { DocumentService } from './document/document.service.js';
import { FeeController } from './fee/fee.controller.js';
import { FeeService } from './fee/fee.service.js';
import { DteImportService } from './import/dte-import.service.js';
import { FeeImportService } from './import/fee-import.service.js';
import { ImportController } from './import/import.controller.js';
import { ImportService } from './import/import.service.js';
import { RcvImportService } from './import/rcv-import.service.js';
import { LedgerService } from './ledger/ledger.service.js';
import { OwnSalesController } from './own-sales/own-sales.controller.js';
import { OwnSalesService } from './own-sales/own-sales.service.js';

@Module({
  imports: [BaseModule, SalesModule],
  controllers: [DocumentController, FeeController, ImportController, OwnSalesController],
  providers: [
    DocumentService,
    DteImportService,
    FeeImportService,
    FeeService,
    ImportService,
    LedgerService,
    OwnSalesService,
    RcvImportService,
  ],
})
export class SiiConnectorModule {}

import { Module } from '@nestjs/common';
import { BaseModule } from '#modules/base';
import { SalesModule } from '#modules/sales';
import { SiiAdapters } from './connector/adapters.service.js';
import { ConnectorController } from './connector/connector.controller.js';
import { ConnectorService } from './connector/connector.service.js';
import { CourierService } from './connector/courier.service.js';
import { ManualAdapter } from './connector/manual.adapter.js';
import { PartnerAdapter } from './connector/partner.adapter.js';
import { SubmissionController } from './connector/submission.controller.js';
import { SubmissionService } from './connector/submission.service.js';
import { WebhookController } from './connector/webhook.controller.js';
import { WebhookService } from './connector/webhook.service.js';
import { DocumentController } from './document/document.controller.js';
import { DocumentService } from './document/document.service.js';
import { CheckService } from './f29/check.service.js';
import { DraftService } from './f29/draft.service.js';
import { SiiPersonalData } from './document/sii-personal-data.js';
import { F29Controller } from './f29/f29.controller.js';
import { FilingService } from './f29/filing.service.js';
import { LedgerSumsService } from './f29/ledger-sums.service.js';
import { ReturnService } from './f29/return.service.js';
import { ReturnStepsService } from './f29/return-steps.service.js';
import { TraceService } from './f29/trace.service.js';
import { FigureController } from './figure/figure.controller.js';
import { FigureService } from './figure/figure.service.js';
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
  controllers: [
    ConnectorController,
    DocumentController,
    F29Controller,
    FeeController,
    FigureController,
    ImportController,
    OwnSalesController,
    SubmissionController,
    WebhookController,
  ],
  providers: [
    SiiPersonalData,
    CheckService,
    ConnectorService,
    CourierService,
    DocumentService,
    DraftService,
    DteImportService,
    FeeImportService,
    FeeService,
    FigureService,
    FilingService,
    ImportService,
    LedgerService,
    LedgerSumsService,
    ManualAdapter,
    OwnSalesService,
    PartnerAdapter,
    RcvImportService,
    ReturnService,
    ReturnStepsService,
    SiiAdapters,
    SubmissionService,
    TraceService,
    WebhookService,
  ],
  exports: [ReturnService, SiiAdapters],
})
export class SiiConnectorModule {}

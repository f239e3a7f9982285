import { Module } from '@nestjs/common';
import { AuditModule } from '#modules/audit';
import { PaymentsModule } from '#modules/payments';
import { SalesModule } from '#modules/sales';
import { SiiConnectorModule } from '#modules/sii-connector';
import { LatenessService } from './load/lateness.service.js';
import { LoadService } from './load/load.service.js';
import { ExportService } from './export/export.service.js';
import { RebuildService } from './load/rebuild.service.js';
import { VerifyWarehouseService } from './load/verify.service.js';
import { WarehouseReportController } from './report/report.controller.js';
import { WarehouseReportService } from './report/report.service.js';
import { VaultStore } from './vault/vault-store.js';

@Module({
  imports: [AuditModule, PaymentsModule, SalesModule, SiiConnectorModule],
  controllers: [WarehouseReportController],
  providers: [
    ExportService,
    LatenessService,
    LoadService,
    RebuildService,
    VaultStore,
    VerifyWarehouseService,
    WarehouseReportService,
  ],
})
export class WarehouseModule {}

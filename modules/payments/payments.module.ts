import { Module } from '@nestjs/common';
import { AuditModule } from '#modules/audit';
import { AuthModule } from '#modules/auth';
import { BaseModule } from '#modules/base';
import { SalesModule } from '#modules/sales';
import { ApprovalService } from './cash-session/approval.service.js';
import { CashGaugesService } from './cash-session/cash-gauges.service.js';
import { CashSessionController } from './cash-session/cash-session.controller.js';
import { CashSessionService } from './cash-session/cash-session.service.js';
import { CutNamesService } from './daily-cut/cut-names.service.js';
import { CutSumsService } from './daily-cut/cut-sums.service.js';
import { DailyCutController } from './daily-cut/daily-cut.controller.js';
import { DailyCutService } from './daily-cut/daily-cut.service.js';
import { RestatementService } from './daily-cut/restatement.service.js';
import { LedgerCheckService } from './cash-session/ledger-check.service.js';
import { LedgerService } from './cash-session/ledger.service.js';
import { StaleSessionService } from './cash-session/stale-session.service.js';
import { EntryController } from './entry/entry.controller.js';
import { EntryService } from './entry/entry.service.js';
import { PaymentController } from './payment/payment.controller.js';
import { PaymentFiguresService } from './payment/payment-figures.service.js';
import { PaymentService } from './payment/payment.service.js';
import { PaymentsPersonalData } from './payment/payments-personal-data.js';
import { PrepaidController } from './prepaid/prepaid.controller.js';
import { PrepaidFiguresService } from './prepaid/prepaid-figures.service.js';
import { PrepaidLedgerService } from './prepaid/prepaid-ledger.service.js';
import { PrepaidService } from './prepaid/prepaid.service.js';
import { ReportController } from './report/report.controller.js';
import { ReportService } from './report/report.service.js';

@Module({
  imports: [AuditModule, AuthModule, BaseModule, SalesModule],
  controllers: [
    CashSessionController,
    DailyCutController,
    EntryController,
    ReportController,
    PaymentController,
    PrepaidController,
  ],
  providers: [
    ApprovalService,
    CashGaugesService,
    CashSessionService,
    CutNamesService,
    CutSumsService,
    DailyCutService,
    EntryService,
    LedgerCheckService,
    LedgerService,
    PaymentFiguresService,
    PaymentService,
    PaymentsPersonalData,
    PrepaidFiguresService,
    PrepaidLedgerService,
    PrepaidService,
    ReportService,
    RestatementService,
    StaleSessionService,
  ],
  exports: [PaymentFiguresService],
})
export class PaymentsModule {}

import { paymentsMigrations } from '#migrations/payments';
import type { Type } from '@nestjs/common';
import { defineAddon, recordRule } from '#kernel';
import type { CompanyRow, RecordRule } from '#kernel';
import { auditAddon } from '#modules/audit';
import { authAddon } from '#modules/auth';
import { baseAddon } from '#modules/base';
import { salesAddon } from '#modules/sales';
import { DifferencesToday, OpenSessions } from './cash-session/cash-gauges.service.js';
import { CashSession } from './cash-session/cash-session.entity.js';
import * as cashSessionEvents from './cash-session/cash-session.events.js';
import {
  APPROVE,
  cashSessionSettings,
  SEE_EXPECTED,
} from './cash-session/cash-session.settings.js';
import { LedgerChecked, LedgerDrift } from './cash-session/ledger.events.js';
import { CheckLedger } from './cash-session/ledger-check.service.js';
import { FindStaleSessions } from './cash-session/stale-session.service.js';
import { DailyCut } from './daily-cut/daily-cut.entity.js';
import { FORCE_CUT } from './daily-cut/daily-cut.service.js';
import { CutRestatement } from './daily-cut/cut-restatement.entity.js';
import { DailyCutMade, DailyCutRestated } from './daily-cut/daily-cut.events.js';
import { Entry } from './entry/entry.entity.js';
import { CashMoved, CashOverdrawn, MovementUndone } from './entry/entry.events.js';
import { Payment } from './payment/payment.entity.js';
import * as paymentEvents from './payment/payment.events.js';
import { PaymentsPersonalData } from './payment/payments-personal-data.js';
import { REFUND } from './payment/payment.service.js';
import { PrepaidAccount } from './prepaid/prepaid-account.entity.js';
import { PrepaidEntry } from './prepaid/prepaid-entry.entity.js';
import * as prepaidEvents from './prepaid/prepaid.events.js';
import { REFUND_PREPAID } from './prepaid/prepaid.service.js';
import { paymentsAlerts } from './payments.alerts.js';
import { paymentsCommands } from './payments.commands.js';
import { PaymentsModule } from './payments.module.js';

const permissions = {
  'payments.cash-session.close': 'close cash sessions with the counted cash',
  'payments.cash-session.count': 'count the drawer of an ended session',
  'payments.cash-session.end': 'end cash sessions',
  'payments.cash-session.open': 'open cash sessions',
  'payments.cash-session.read': 'read cash sessions',
  'payments.daily-cut.create': 'cut a branch’s day',
  'payments.daily-cut.force': 'cut a day while sessions of it are open',
  'payments.daily-cut.read': 'read daily cuts',
  'payments.difference.approve': 'answer for a high cash difference of somebody else',
  'payments.entry.create': 'put cash into a drawer or take it out',
  'payments.entry.read': 'read cash movements and roundings',
  'payments.entry.undo': 'take a cash movement back',
  'payments.expected-amount.read': 'see what a cash session should hold where counting is blind',
  'payments.payment.create': 'charge orders',
  'payments.payment.edit': 'put another charge in the place of one in an open session',
  'payments.payment.read': 'read payments',
  'payments.payment.refund': 'give money back, also after the session of the charge has ended',
  'payments.prepaid.create': 'take money that customers pay ahead',
  'payments.prepaid.read': 'read customers’ prepaid balances and their ledgers',
  'payments.prepaid.refund': 'pay prepaid money out, also after its session has ended',
  'payments.prepaid.void': 'take a prepayment back in its open session',
  'payments.report.read': 'read reports on cash differences and unpaid orders',
  'payments.payment.void': 'take a charge back in its open session',
};

const reading = Object.keys(permissions).filter((name) => name.endsWith('.read'));
const cashier = Object.keys(permissions).filter(
  (name) =>
    !name.includes('.daily-cut.') &&
    ![REFUND, REFUND_PREPAID, APPROVE, SEE_EXPECTED, 'payments.report.read'].includes(name),
);

const OWN = ['vendedora'];
const ALL = ['encargada', 'admin', 'contador'];

/** Whose cash it is: a cashier's own, or all of it for those who answer for the shop. */
function cashRules(entity: Type<CompanyRow & { cashierId: string }>): RecordRule[] {
  return [
    recordRule({
      entity,
      summary: 'a vendedora reaches what belongs to her own cash sessions',
      roles: OWN,
      where: ({ userId }) => ({ cashierId: userId ?? '' }),
    }),
    recordRule({
      entity,
      summary: 'encargada, admin and contador reach the cash of the whole company',
      roles: ALL,
      where: () => 'everything',
    }),
  ];
}

export const paymentsAddon = defineAddon({
  name: 'payments',
  version: '0.1.0',
  summary: 'cash sessions, payments, daily cuts',
  depends: [auditAddon, authAddon, baseAddon, salesAddon],
  module: PaymentsModule,
  entities: [CashSession, CutRestatement, DailyCut, Entry, Payment, PrepaidAccount, PrepaidEntry],
  migrations: paymentsMigrations,
  permissions,
  roles: {
    vendedora: { grants: cashier },
    encargada: { grants: Object.keys(permissions).filter((name) => name !== FORCE_CUT) },
    admin: { grants: Object.keys(permissions) },
    contador: { grants: reading },
  },
  rules: [CashSession, Entry, Payment, PrepaidEntry].flatMap((entity) => cashRules(entity)),
  retention: {
    events: 'tax',
    except: {
      'ledger.checked': 'technical',
    },
  },
  personalData: [PaymentsPersonalData],
  settings: cashSessionSettings,
  gauges: [OpenSessions, DifferencesToday],
  schedules: [CheckLedger, FindStaleSessions],
  alerts: paymentsAlerts,
  commands: paymentsCommands,
  events: [
    ...Object.values(cashSessionEvents),
    LedgerChecked,
    LedgerDrift,
    CashMoved,
    CashOverdrawn,
    MovementUndone,
    DailyCutMade,
    DailyCutRestated,
    ...Object.values(paymentEvents),
    ...Object.values(prepaidEvents),
  ],
});

import { paymentsMigrations } from '#migrations/payments';
import { defineAddon, recordRule } from '#kernel';
import { baseAddon } from '#modules/base';
import { salesAddon } from '#modules/sales';
import { CashSession } from './cash-session/cash-session.entity.js';
import * as cashSessionEvents from './cash-session/cash-session.events.js';
import { DailyCut } from './daily-cut/daily-cut.entity.js';
import { DailyCutMade } from './daily-cut/daily-cut.events.js';
import { Payment } from './payment/payment.entity.js';
import { PaymentCreated } from './payment/payment.events.js';
import { PaymentsModule } from './payments.module.js';

const permissions = {
  'payments.cash-session.close': 'close cash sessions with the counted cash',
  'payments.cash-session.end': 'end cash sessions',
  'payments.cash-session.open': 'open cash sessions',
  'payments.cash-session.read': 'read cash sessions',
  'payments.daily-cut.create': 'cut a branch’s day',
  'payments.daily-cut.read': 'read daily cuts',
  'payments.payment.create': 'charge orders',
  'payments.payment.read': 'read payments',
};

const reading = Object.keys(permissions).filter((name) => name.endsWith('.read'));
const cashier = Object.keys(permissions).filter((name) => !name.includes('.daily-cut.'));

const OWN = ['vendedora'];
const ALL = ['encargada', 'admin', 'contador'];

export const paymentsAddon = defineAddon({
  name: 'payments',
  version: '0.1.0',
  summary: 'cash sessions, payments, daily cuts',
  depends: [baseAddon, salesAddon],
  module: PaymentsModule,
  entities: [CashSession, DailyCut, Payment],
  migrations: paymentsMigrations,
  permissions,
  roles: {
    vendedora: { grants: cashier },
    encargada: { grants: Object.keys(permissions) },
    admin: { grants: Object.keys(permissions) },
    contador: { grants: reading },
  },
  rules: [
    recordRule({
      entity: CashSession,
      summary: 'a vendedora reaches her own cash sessions',
      roles: OWN,
      where: ({ userId }) => ({ cashierId: userId ?? '' }),
    }),
    recordRule({
      entity: CashSession,
      summary: 'encargada, admin and contador reach every cash session of the company',
      roles: ALL,
      where: () => 'everything',
    }),
    recordRule({
      entity: Payment,
      summary: 'a vendedora reaches the payments that she took',
      roles: OWN,
      where: ({ userId }) => ({ cashierId: userId ?? '' }),
    }),
    recordRule({
      entity: Payment,
      summary: 'encargada, admin and contador reach every payment of the company',
      roles: ALL,
      where: () => 'everything',
    }),
  ],
  events: [...Object.values(cashSessionEvents), DailyCutMade, PaymentCreated],
});

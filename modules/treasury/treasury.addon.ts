import { treasuryMigrations } from '#migrations/treasury';
import { defineAddon } from '#kernel';
import { baseAddon } from '#modules/base';
import { paymentsAddon } from '#modules/payments';
import { siiConnectorAddon } from '#modules/sii-connector';
import { Balance } from './balance/balance.entity.js';
import { BalanceStated } from './balance/balance.events.js';
import { Flow } from './flow/flow.entity.js';
import * as flowEvents from './flow/flow.events.js';
import { TreasuryModule } from './treasury.module.js';

const permissions = {
  'treasury.balance.create': 'state how much money there was at the end of a day',
  'treasury.balance.read': 'read stated balances',
  'treasury.flow.edit': 'expect money by hand, settle it, take it back',
  'treasury.flow.read': 'read the cash flow and its forecast',
};

const reading = Object.keys(permissions).filter((name) => name.endsWith('.read'));

export const treasuryAddon = defineAddon({
  name: 'treasury',
  version: '0.1.0',
  summary: 'cash flow (Flujo): what is expected, what came and went, by week',
  depends: [baseAddon, paymentsAddon, siiConnectorAddon],
  module: TreasuryModule,
  entities: [Balance, Flow],
  migrations: treasuryMigrations,
  permissions,
  roles: {
    encargada: { grants: Object.keys(permissions) },
    admin: { grants: Object.keys(permissions) },
    contador: { grants: reading },
  },
  events: [BalanceStated, ...Object.values(flowEvents)],
});

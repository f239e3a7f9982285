import { warehouseMigrations } from '#migrations/warehouse';
import { defineAddon } from '#kernel';
import { auditAddon } from '#modules/audit';
import { baseAddon } from '#modules/base';
import { paymentsAddon } from '#modules/payments';
import { salesAddon } from '#modules/sales';
import { siiConnectorAddon } from '#modules/sii-connector';
import { WatchLoad } from './load/lateness.service.js';
import { WarehouseCaughtUp, WarehouseLate, WarehouseRebuilt } from './load/load.events.js';
import { WarehouseLag } from './load/load.service.js';
import { warehouseAlerts } from './warehouse.alerts.js';
import { warehouseCommands } from './warehouse.commands.js';
import { WarehouseModule } from './warehouse.module.js';

const permissions = {
  'warehouse.report.read': 'read the reports of the data warehouse, as known at any moment',
};

export const warehouseAddon = defineAddon({
  name: 'warehouse',
  version: '0.1.0',
  summary: 'hubs, links and satellites loaded from the event log; reports as of any moment',
  depends: [auditAddon, baseAddon, paymentsAddon, salesAddon, siiConnectorAddon],
  module: WarehouseModule,
  migrations: warehouseMigrations,
  permissions,
  roles: {
    encargada: { grants: Object.keys(permissions) },
    admin: { grants: Object.keys(permissions) },
    contador: { grants: Object.keys(permissions) },
  },
  events: [WarehouseLate, WarehouseCaughtUp, WarehouseRebuilt],
  schedules: [WatchLoad],
  gauges: [WarehouseLag],
  alerts: warehouseAlerts,
  commands: warehouseCommands,
});

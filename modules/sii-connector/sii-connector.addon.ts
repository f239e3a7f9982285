import { siiConnectorMigrations } from '#migrations/sii-connector';
import { defineAddon } from '#kernel';
import { baseAddon } from '#modules/base';
import { salesAddon } from '#modules/sales';
import { Document } from './document/document.entity.js';
import { Fee } from './fee/fee.entity.js';
import { Import, ImportFile } from './import/import.entity.js';
import * as importEvents from './import/import.events.js';
import { importSettings } from './import/import.settings.js';
import { siiConnectorCommands } from './sii-connector.commands.js';
import { SiiConnectorModule } from './sii-connector.module.js';

const permissions = {
  'sii-connector.document.read': 'read the tax documents of the ledger',
  'sii-connector.fee.read': 'read the fees (honorarios) of the ledger',
  'sii-connector.import.create': 'import files of the SII into the tax ledger',
  'sii-connector.import.read': 'read what was imported into the tax ledger',
};

const all = Object.keys(permissions);

export const siiConnectorAddon = defineAddon({
  name: 'sii-connector',
  version: '0.1.0',
  summary: 'the tax ledger of a month, and the Form 29 made of it',
  depends: [baseAddon, salesAddon],
  module: SiiConnectorModule,
  entities: [Document, Fee, Import, ImportFile],
  migrations: siiConnectorMigrations,
  permissions,
  roles: {
    encargada: { grants: all },
    admin: { grants: all },
    contador: { grants: all },
  },
  events: [...Object.values(importEvents)],
  settings: importSettings,
  commands: siiConnectorCommands,
  commandGroup: 'f29',
});

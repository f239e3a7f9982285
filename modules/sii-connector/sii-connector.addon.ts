import { siiConnectorMigrations } from '#migrations/sii-connector';
import { defineAddon } from '#kernel';
import { baseAddon } from '#modules/base';
import { salesAddon } from '#modules/sales';
import { Document } from './document/document.entity.js';
import { Fee } from './fee/fee.entity.js';
import { Import, ImportFile } from './import/import.entity.js';
import { SiiConnectorModule } from './sii-connector.module.js';

export const siiConnectorAddon = defineAddon({
  name: 'sii-connector',
  version: '0.1.0',
  summary: 'the tax ledger of a month, and the Form 29 made of it',
  depends: [baseAddon, salesAddon],
  module: SiiConnectorModule,
  entities: [Document, Fee, Import, ImportFile],
  migrations: siiConnectorMigrations,
  commandGroup: 'f29',
});

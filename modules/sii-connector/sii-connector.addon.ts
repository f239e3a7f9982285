import { siiConnectorMigrations } from '#migrations/sii-connector';
import { defineAddon } from '#kernel';
import { baseAddon } from '#modules/base';
import { salesAddon } from '#modules/sales';
import { connectorConfig } from './connector/connector.config.js';
import { SiiConnector } from './connector/connector.entity.js';
import * as connectorEvents from './connector/connector.events.js';
import { AskPartners } from './connector/courier.service.js';
import { Submission } from './connector/submission.entity.js';
import { ReceivedWebhook } from './connector/webhook.entity.js';
import { Document } from './document/document.entity.js';
import { f29Commands } from './f29/f29.commands.js';
import { f29Settings } from './f29/f29.settings.js';
import { F29Return } from './f29/return.entity.js';
import * as returnEvents from './f29/return.events.js';
import { Fee } from './fee/fee.entity.js';
import { EnteredFigure } from './figure/figure.entity.js';
import { FigureEntered } from './figure/figure.events.js';
import { Import, ImportFile } from './import/import.entity.js';
import * as importEvents from './import/import.events.js';
import { importSettings } from './import/import.settings.js';
import { siiConnectorCommands } from './sii-connector.commands.js';
import { simulatorCommand } from './kit/simulator.command.js';
import { SiiPersonalData } from './document/sii-personal-data.js';
import { SiiConnectorModule } from './sii-connector.module.js';

const permissions = {
  'sii-connector.connector.edit': 'make and change ways to the SII',
  'sii-connector.connector.read': 'read ways to the SII, and what was given to them',
  'sii-connector.connector.sync': 'ask a connector for its health and news',
  'sii-connector.document.read': 'read the tax documents of the ledger',
  'sii-connector.fee.read': 'read the fees (honorarios) of the ledger',
  'sii-connector.figure.create': 'enter UTM, rates and other dated figures',
  'sii-connector.figure.read': 'read the dated figures that were entered',
  'sii-connector.import.create': 'import files of the SII into the tax ledger',
  'sii-connector.import.read': 'read what was imported into the tax ledger',
  'sii-connector.tax-return.approve': 'approve a Form 29, which opens its way to the SII',
  'sii-connector.tax-return.file': 'export a Form 29, and say that it was filed and paid',
  'sii-connector.tax-return.prepare':
    'begin a Form 29, compute it, type its codes, answer for warnings',
  'sii-connector.tax-return.read': 'read and check Forms 29, and what their codes are made of',
};

const all = Object.keys(permissions);
const NOT_OF_CONTADOR = ['sii-connector.tax-return.approve', 'sii-connector.connector.edit'];
const preparing = all.filter((name) => !NOT_OF_CONTADOR.includes(name));

export const siiConnectorAddon = defineAddon({
  name: 'sii-connector',
  version: '0.1.0',
  summary: 'the tax ledger of a month, and the Form 29 made of it',
  depends: [baseAddon, salesAddon],
  module: SiiConnectorModule,
  entities: [
    ...[Document, EnteredFigure, F29Return, Fee, Import, ImportFile, ReceivedWebhook],
    ...[SiiConnector, Submission],
  ],
  migrations: siiConnectorMigrations,
  permissions,
  roles: {
    encargada: { grants: all },
    admin: { grants: all },
    contador: { grants: preparing },
  },
  events: [
    ...Object.values(connectorEvents),
    ...Object.values(importEvents),
    ...Object.values(returnEvents),
    FigureEntered,
  ],
  schedules: [AskPartners],
  config: connectorConfig,
  personalData: [SiiPersonalData],
  settings: { ...importSettings, ...f29Settings },
  commands: [...siiConnectorCommands, ...f29Commands, simulatorCommand],
  commandGroup: 'f29',
});

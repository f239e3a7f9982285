import { Ledger } from './0001-ledger.js';
import { Returns } from './0002-returns.js';
import { Connectors } from './0003-connectors.js';
import { Webhooks } from './0004-webhooks.js';
import { Owners } from './0005-owners.js';

export const siiConnectorMigrations = [Ledger, Returns, Connectors, Webhooks, Owners];

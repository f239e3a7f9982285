import { Ledger } from './0001-ledger.js';
import { Returns } from './0002-returns.js';

export const siiConnectorMigrations = [Ledger, Returns];

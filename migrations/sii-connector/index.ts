import { Ledger } from './0001-ledger.js';

export const siiConnectorMigrations = [Ledger];

import { Vault } from './0001-vault.js';

export const warehouseMigrations = [Vault];

import { Companies } from './0001-companies.js';

export const baseMigrations = [Companies];

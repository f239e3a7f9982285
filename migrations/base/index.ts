import { Companies } from './0001-companies.js';
import { Bots } from './0002-bots.js';

export const baseMigrations = [Companies, Bots];

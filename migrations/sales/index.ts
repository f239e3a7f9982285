import { Orders } from './0001-orders.js';

export const salesMigrations = [Orders];

import { Orders } from './0001-orders.js';
import { Reading } from './0002-reading.js';

export const salesMigrations = [Orders, Reading];

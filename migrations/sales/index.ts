import { Orders } from './0001-orders.js';
import { Reading } from './0002-reading.js';
import { Erasures } from './0003-erasures.js';

export const salesMigrations = [Orders, Reading, Erasures];

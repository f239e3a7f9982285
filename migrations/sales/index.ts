import { Orders } from './0001-orders.js';
import { Reading } from './0002-reading.js';
import { Erasures } from './0003-erasures.js';
import { Mentions } from './0004-mentions.js';

export const salesMigrations = [Orders, Reading, Erasures, Mentions];

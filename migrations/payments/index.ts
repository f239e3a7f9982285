import { Cash } from './0001-cash.js';
import { Prepaid } from './0002-prepaid.js';
import { BlindCounts } from './0003-blind-counts.js';

export const paymentsMigrations = [Cash, Prepaid, BlindCounts];

import { Cash } from './0001-cash.js';
import { Prepaid } from './0002-prepaid.js';

export const paymentsMigrations = [Cash, Prepaid];

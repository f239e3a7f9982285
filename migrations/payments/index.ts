import { Cash } from './0001-cash.js';

export const paymentsMigrations = [Cash];

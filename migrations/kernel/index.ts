import { Foundation } from './0001-foundation.js';

export const kernelMigrations = [Foundation];

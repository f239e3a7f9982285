import { Cash } from './0001-cash.js';
import { Prepaid } from './0002-prepaid.js';
import { BlindCounts } from './0003-blind-counts.js';
import { Reading } from './0004-reading.js';
import { AnchoredCuts } from './0005-anchored-cuts.js';
import { ForgottenTexts } from './0006-forgotten-texts.js';

export const paymentsMigrations = [
  ...[Cash, Prepaid, BlindCounts, Reading, AnchoredCuts],
  ForgottenTexts,
];

import { defineEvent } from '#kernel';
import { SEE_EXPECTED } from './cash-session.settings.js';

/** The ledger was recomputed; what was checked, and in which of it figures differ. */
export const LedgerChecked = defineEvent<{
  readonly checked: readonly string[];
  readonly differing: readonly string[];
}>({
  name: 'ledger.checked',
  version: 1,
  summary: 'the nightly recomputation of the ledger is done; the kinds of figures that differ',
});

/** A figure that does not agree with the rows it sums; amounts in whole pesos. */
export const LedgerDrift = defineEvent<{
  /** What was checked: `session`, `rounding`, `reversal`, `prepaid`, `spending` or `order`. */
  readonly what: string;
  readonly id: string;
  readonly stored: number;
  readonly recomputed: number;
}>({
  name: 'ledger.drift',
  version: 1,
  summary: 'a stored figure of money differs from its recomputation; somebody must look',
  restricted: { permission: SEE_EXPECTED, fields: ['stored', 'recomputed'] },
});

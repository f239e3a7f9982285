import { defineEvent } from '#kernel';
import { SEE_EXPECTED } from '../cash-session/cash-session.settings.js';

export const DailyCutMade = defineEvent<{
  dailyCutId: string;
  branchId: string;
  businessDate: string;
  total: number;
  /** Money that came in; absent in version 1. */
  received?: number;
}>({
  name: 'daily_cut.made',
  version: 2,
  summary: 'a branch’s business day was cut; total and received in whole pesos',
  restricted: { permission: SEE_EXPECTED, fields: ['total', 'received'] },
});

export const DailyCutRestated = defineEvent<{
  dailyCutId: string;
  /** SHA-256 over the cut's rows before and after; the figures are the same. */
  previousHash: string;
  rowsHash: string;
}>({
  name: 'daily_cut.restated',
  version: 1,
  summary: 'texts about a person left rows that a cut is a hash over; no figure changed',
});

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

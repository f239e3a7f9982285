import { defineEvent } from '#kernel';
import { SEE_EXPECTED } from '../cash-session/cash-session.settings.js';

export const DailyCutMade = defineEvent<{
  dailyCutId: string;
  branchId: string;
  businessDate: string;
  total: number;
}>({
  name: 'daily_cut.made',
  version: 1,
  summary: 'a branch’s business day was cut; total in whole pesos',
  restricted: { permission: SEE_EXPECTED, fields: ['total'] },
});

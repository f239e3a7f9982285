import { defineEvent } from '#kernel';

export const DailyCutMade = defineEvent<{
  dailyCutId: string;
  branchId: string;
  businessDate: string;
  total: number;
}>({
  name: 'daily_cut.made',
  version: 1,
  summary: 'a branch’s business day was cut; total in whole pesos',
});

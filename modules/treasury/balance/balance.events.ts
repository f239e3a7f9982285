import { defineEvent } from '#kernel';

export const BalanceStated = defineEvent<{ balanceId: string; day: string; amount: number }>({
  name: 'balance.stated',
  version: 1,
  summary: 'somebody stated how much money there was at the end of a day; whole pesos',
});

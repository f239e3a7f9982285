import { defineEvent } from '#kernel';

export const PaymentCreated = defineEvent<{
  paymentId: string;
  orderId: string;
  cashSessionId: string;
  branchId: string;
  method: string;
  amount: number;
}>({
  name: 'payment.created',
  version: 1,
  summary: 'money was applied to an order; amount in whole pesos',
});

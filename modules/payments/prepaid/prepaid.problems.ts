import { defineProblem } from '#kernel';

/** Says nothing of the balance: who may read it reads it elsewhere. */
export const NotEnoughPrepaid = defineProblem({
  code: 'payments.not-enough-prepaid',
  status: 422,
  title: { es: 'El saldo prepagado no alcanza', en: 'The prepaid balance is not enough' },
  constraints: ['payments_prepaid_account_not_negative'],
});

export const PrepaidTooMuch = defineProblem({
  code: 'payments.prepaid-too-much',
  status: 422,
  title: {
    es: 'El saldo prepagado sería demasiado grande',
    en: 'The prepaid balance would be too large',
  },
  constraints: ['payments_prepaid_account_bounded'],
});

export const OrderWithoutCustomer = defineProblem({
  code: 'payments.order-without-customer',
  status: 422,
  title: {
    es: 'El pedido no tiene cliente: no hay saldo prepagado con qué pagarlo',
    en: 'The order has no customer, so no prepaid balance can pay it',
  },
});

export const NotAPrepayment = defineProblem({
  code: 'payments.not-a-prepayment',
  status: 409,
  title: {
    es: 'Solo se devuelve un prepago; lo gastado vuelve anulando su pago',
    en: 'Only a prepayment is taken back; what was spent comes back by voiding its payment',
  },
});

import { defineProblem } from '#kernel';

export const CustomerHasOpenMatters = defineProblem({
  code: 'sales.customer-has-open-matters',
  status: 409,
  title: {
    es: 'El cliente tiene pedidos abiertos, deudas o saldo a favor',
    en: 'The customer has open orders, debts or a prepaid balance',
  },
});

export const ErasureNeedsSecondPerson = defineProblem({
  code: 'sales.erasure-needs-second-person',
  status: 422,
  title: {
    es: 'Quien pidió la supresión no puede aprobarla',
    en: 'Whoever requested the erasure cannot approve it',
  },
  constraints: ['sales_erasure_check'],
});

export const ErasureTextPersonal = defineProblem({
  code: 'sales.erasure-text-personal',
  status: 422,
  title: {
    es: 'El motivo o el número de la solicitud contiene datos del cliente',
    en: 'The reason or the number of the request holds data of the customer',
  },
});

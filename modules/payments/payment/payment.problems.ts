import { defineProblem } from '#kernel';

export const TenderedTooLittle = defineProblem({
  code: 'payments.tendered-too-little',
  status: 422,
  title: { es: 'Lo entregado no alcanza para el pago', en: 'What was handed over is too little' },
});

export const PaymentReversedAlready = defineProblem({
  code: 'payments.payment-reversed',
  status: 409,
  title: {
    es: 'El pago ya fue anulado o devuelto',
    en: 'The payment was voided or refunded already',
  },
});

export const RefundExceedsPayment = defineProblem({
  code: 'payments.refund-exceeds-payment',
  status: 422,
  title: { es: 'La devolución supera el pago', en: 'The refund exceeds the payment' },
});

export const PaymentInClosedSession = defineProblem({
  code: 'payments.payment-in-closed-session',
  status: 409,
  title: {
    es: 'La caja del pago ya no está abierta; corresponde una devolución',
    en: 'The session of the payment is no longer open; refund it instead',
  },
});

export const ChangeOnlyFromCash = defineProblem({
  code: 'payments.change-only-from-cash',
  status: 422,
  title: { es: 'Solo el efectivo da vuelto', en: 'Only cash gives change' },
});

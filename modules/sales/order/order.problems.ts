import { defineProblem } from '#kernel';

export const OrderNotInState = defineProblem({
  code: 'sales.order-not-in-state',
  status: 409,
  title: {
    es: 'El estado del pedido no lo permite',
    en: 'The state of the order does not allow it',
  },
});

export const OrderHasMoney = defineProblem({
  code: 'sales.order-has-money',
  status: 409,
  title: {
    es: 'El pedido tiene pagos aplicados y no se puede anular',
    en: 'Money is applied to the order; it cannot be cancelled',
  },
});

export const OrderHasBalance = defineProblem({
  code: 'sales.order-has-balance',
  status: 409,
  title: { es: 'El pedido tiene saldo pendiente', en: 'The order has a balance due' },
});

export const PaymentExceedsBalance = defineProblem({
  code: 'sales.payment-exceeds-balance',
  status: 422,
  title: {
    es: 'El pago supera el saldo del pedido',
    en: 'The payment exceeds the order’s balance',
  },
});

export const ServiceNotOffered = defineProblem({
  code: 'sales.service-not-offered',
  status: 422,
  title: {
    es: 'Un servicio no existe o no se ofrece',
    en: 'A service does not exist or is not offered',
  },
});

export const CustomerUnknown = defineProblem({
  code: 'sales.customer-unknown',
  status: 422,
  title: { es: 'El cliente no existe', en: 'The customer does not exist' },
});

export const QuantityNotWhole = defineProblem({
  code: 'sales.quantity-not-whole',
  status: 422,
  title: {
    es: 'Este servicio se cuenta en unidades enteras',
    en: 'This service is counted in whole units',
  },
});

export const OrderTooLarge = defineProblem({
  code: 'sales.order-too-large',
  status: 422,
  title: {
    es: 'El total del pedido es demasiado grande',
    en: 'The total of the order is too large',
  },
});

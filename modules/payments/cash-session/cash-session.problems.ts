import { defineProblem } from '#kernel';

export const CashierHasSession = defineProblem({
  code: 'payments.cashier-has-session',
  status: 409,
  title: { es: 'Ya tiene una caja abierta', en: 'You have an open cash session already' },
  constraints: ['payments_cash_session_one_per_cashier'],
});

export const RegisterHasSession = defineProblem({
  code: 'payments.register-has-session',
  status: 409,
  title: { es: 'Esa caja ya está abierta', en: 'That register is open already' },
  constraints: ['payments_cash_session_one_per_register'],
});

export const CashSessionNotOpen = defineProblem({
  code: 'payments.cash-session-not-open',
  status: 409,
  title: { es: 'La caja no está abierta', en: 'The cash session is not open' },
});

export const CashSessionClosedAlready = defineProblem({
  code: 'payments.cash-session-closed',
  status: 409,
  title: { es: 'La caja ya está cerrada', en: 'The cash session is closed already' },
});

export const CashNotCounted = defineProblem({
  code: 'payments.cash-not-counted',
  status: 422,
  title: { es: 'Falta contar el efectivo', en: 'The cash was not counted' },
});

export const CountedTooOften = defineProblem({
  code: 'payments.counted-too-often',
  status: 409,
  title: {
    es: 'La caja ya se contó varias veces: ahora debe contarla o cerrarla otra persona con permiso',
    en: 'The drawer was counted several times; another person with the permission must count or close',
  },
});

export const CountDiffers = defineProblem({
  code: 'payments.count-differs',
  status: 422,
  title: {
    es: 'El monto no coincide con el detalle de billetes y monedas',
    en: 'The amount does not agree with the notes and coins',
  },
});

export const DifferenceNeedsApproval = defineProblem({
  code: 'payments.difference-needs-approval',
  status: 409,
  title: {
    es: 'La diferencia es alta: debe aprobarla otra persona con permiso',
    en: 'The difference is high: another person with the permission must approve it',
  },
});

export const ApprovalRefused = defineProblem({
  code: 'payments.approval-refused',
  status: 403,
  title: { es: 'La aprobación no es válida', en: 'The approval is not valid' },
});

export const OwnDifference = defineProblem({
  code: 'payments.own-difference',
  status: 409,
  title: {
    es: 'Nadie aprueba su propia diferencia',
    en: 'Nobody approves a difference of their own',
  },
});

export const NoOpenCashSession = defineProblem({
  code: 'payments.no-open-cash-session',
  status: 409,
  title: { es: 'No tiene una caja abierta', en: 'You have no open cash session' },
});

import { defineProblem } from '#kernel';

export const TenderedTooLittle = defineProblem({
  code: 'payments.tendered-too-little',
  status: 422,
  title: { es: 'Lo entregado no alcanza para el pago', en: 'What was handed over is too little' },
});

export const ChangeOnlyFromCash = defineProblem({
  code: 'payments.change-only-from-cash',
  status: 422,
  title: { es: 'Solo el efectivo da vuelto', en: 'Only cash gives change' },
});

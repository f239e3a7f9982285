import { defineProblem } from '#kernel';

export const NotEnoughCash = defineProblem({
  code: 'payments.not-enough-cash',
  status: 422,
  title: {
    es: 'No hay tanto efectivo en la caja',
    en: 'There is not that much cash in the drawer',
  },
});

export const MovementUndoneAlready = defineProblem({
  code: 'payments.movement-undone',
  status: 409,
  title: { es: 'El movimiento ya fue deshecho', en: 'The movement was undone already' },
  constraints: ['payments_entry_undone_once'],
});

export const NotAMovement = defineProblem({
  code: 'payments.not-a-movement',
  status: 409,
  title: {
    es: 'Esto no se deshace: es un redondeo o ya es un contraasiento',
    en: 'This is not undone: it is a rounding or a contra entry itself',
  },
});

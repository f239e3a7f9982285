import { defineProblem } from '#kernel';

export const SessionsNotClosed = defineProblem({
  code: 'payments.sessions-not-closed',
  status: 409,
  title: {
    es: 'Quedan cajas sin cerrar en ese día',
    en: 'Cash sessions of that day are not closed',
  },
});

export const DayAlreadyCut = defineProblem({
  code: 'payments.day-already-cut',
  status: 409,
  title: {
    es: 'El corte de ese día ya está hecho y no hay cajas nuevas',
    en: 'That day is cut already and has no new cash sessions',
  },
  constraints: ['payments_daily_cut_sequence_key'],
});

export const DayInFuture = defineProblem({
  code: 'payments.day-in-future',
  status: 422,
  title: { es: 'Ese día todavía no llega', en: 'That day has not come yet' },
});

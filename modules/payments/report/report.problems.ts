import { defineProblem } from '#kernel';

export const PeriodTooLong = defineProblem({
  code: 'payments.period-too-long',
  status: 422,
  title: {
    es: 'El período termina antes de empezar o supera un año',
    en: 'The period ends before it begins or is longer than a year',
  },
});

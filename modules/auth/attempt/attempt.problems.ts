import { defineProblem } from '#kernel';

/** The same for every login, whether or not it exists. */
export const TooManyAttempts = defineProblem({
  code: 'auth.too-many-attempts',
  status: 429,
  title: {
    es: 'Demasiados intentos fallidos; espere antes de probar de nuevo',
    en: 'Too many failed attempts; wait before you try again',
  },
});

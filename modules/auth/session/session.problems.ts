import { defineProblem } from '#kernel';

/** One answer for a wrong login, a wrong password and a disabled user: it tells nothing apart. */
export const WrongCredentials = defineProblem({
  code: 'auth.wrong-credentials',
  status: 401,
  title: { es: 'Usuario o contraseña incorrectos', en: 'Wrong login or password' },
});

import { defineProblem } from '#kernel';

/** The device is none, or one whose registration was revoked or ran out. */
export const UnknownTerminal = defineProblem({
  code: 'auth.unknown-terminal',
  status: 401,
  title: {
    es: 'Este dispositivo no es un terminal registrado',
    en: 'This device is no registered terminal',
  },
});

/** One answer for a wrong login, a wrong PIN, a disabled user and a PIN that was tried too often. */
export const WrongPin = defineProblem({
  code: 'auth.wrong-pin',
  status: 401,
  title: {
    es: 'Usuario o PIN incorrectos; tras varios fallos sirve solo la contraseña',
    en: 'Wrong login or PIN; after several failures only the password helps',
  },
});

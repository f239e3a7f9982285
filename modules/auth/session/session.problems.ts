import { defineProblem } from '#kernel';

/** One answer for a wrong login, a wrong password and a disabled user: it tells nothing apart. */
export const WrongCredentials = defineProblem({
  code: 'auth.wrong-credentials',
  status: 401,
  title: { es: 'Usuario o contraseña incorrectos', en: 'Wrong login or password' },
});

/** The session's own person did not prove it; the session goes on as it was. */
export const WrongProof = defineProblem({
  code: 'auth.wrong-proof',
  status: 422,
  title: { es: 'La contraseña o el PIN no corresponde', en: 'The password or PIN does not fit' },
});

/** Hinders every request but unlocking, signing out and asking who one is. */
export const SessionLocked = defineProblem({
  code: 'auth.session-locked',
  status: 403,
  title: {
    es: 'La sesión está bloqueada; desbloquéela con su contraseña o PIN',
    en: 'The session is locked; unlock it with your password or PIN',
  },
});

export const CodeNeeded = defineProblem({
  code: 'auth.code-needed',
  status: 422,
  title: {
    es: 'Confirme con el código de su aplicación de autenticación',
    en: 'Confirm with the code of your authenticator app',
  },
});

export const PinSpent = defineProblem({
  code: 'auth.pin-spent',
  status: 422,
  title: {
    es: 'Demasiados PIN equivocados; desbloquee con su contraseña',
    en: 'Too many wrong PINs; unlock with your password',
  },
});

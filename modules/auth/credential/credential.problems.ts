import { defineProblem } from '#kernel';

export const PasswordRefused = defineProblem({
  code: 'auth.password-refused',
  status: 422,
  title: { es: 'La contraseña no cumple la política', en: 'The password does not meet the policy' },
});

export const PasswordUsedBefore = defineProblem({
  code: 'auth.password-used-before',
  status: 422,
  title: { es: 'Esa contraseña ya se usó', en: 'That password was used before' },
});

/** Hinders every request but the change itself, signing out and asking who one is. */
export const PasswordMustChange = defineProblem({
  code: 'auth.password-must-change',
  status: 403,
  title: {
    es: 'Debe cambiar su contraseña antes de seguir',
    en: 'You must change your password before you go on',
  },
});

/** A bot has API keys; nobody signs in as one. */
export const BotHasNoPassword = defineProblem({
  code: 'auth.bot-has-no-password',
  status: 422,
  title: { es: 'Un bot no tiene contraseña', en: 'A bot has no password' },
});

export const PinRefused = defineProblem({
  code: 'auth.pin-refused',
  status: 422,
  title: { es: 'El PIN es demasiado fácil', en: 'The PIN is too easy' },
});

import { defineProblem } from '#kernel';

/** Hinders every request but the code, signing out and asking who one is. */
export const TotpNeeded = defineProblem({
  code: 'auth.totp-needed',
  status: 403,
  title: {
    es: 'Falta el código de su aplicación de autenticación',
    en: 'The code of your authenticator app is still needed',
  },
});

/** Hinders every request but enrolment, signing out and asking who one is. */
export const TotpEnrolmentNeeded = defineProblem({
  code: 'auth.totp-enrolment-needed',
  status: 403,
  title: {
    es: 'Su rol exige una aplicación de autenticación; inscríbala antes de seguir',
    en: 'Your role demands an authenticator app; enrol one before you go on',
  },
});

export const TotpEnrolledAlready = defineProblem({
  code: 'auth.totp-enrolled-already',
  status: 409,
  title: {
    es: 'Ya hay una aplicación de autenticación; quítela primero',
    en: 'There is an authenticator app already; remove it first',
  },
});

export const TotpNotEnrolled = defineProblem({
  code: 'auth.totp-not-enrolled',
  status: 409,
  title: {
    es: 'No hay una aplicación de autenticación, o la inscripción venció',
    en: 'There is no authenticator app, or its enrolment took too long',
  },
});

/** One answer for a wrong code, one that was used and one of another time. */
export const WrongCode = defineProblem({
  code: 'auth.wrong-code',
  status: 422,
  title: {
    es: 'El código no corresponde o ya se usó',
    en: 'The code does not fit or was used already',
  },
});

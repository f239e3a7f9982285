import { defineProblem } from '#kernel';

/** A sensitive act asks for a proof that is younger than `STEP_UP_SECONDS`. */
export const StepUpNeeded = defineProblem({
  code: 'auth.step-up-needed',
  status: 403,
  title: {
    es: 'Confirme su identidad para hacer esto',
    en: 'Confirm who you are before you do this',
  },
});

/** What an API key is told where only a person may act. */
export const PersonNeeded = defineProblem({
  code: 'auth.person-needed',
  status: 403,
  title: {
    es: 'Esto lo hace una persona en su sesión, no una clave de API',
    en: 'A person does this in a session of their own, not an API key',
  },
});

import { defineProblem } from '#kernel';

export const ReturnNotInState = defineProblem({
  code: 'sii-connector.return-not-in-state',
  status: 409,
  title: {
    es: 'La declaración no está en un estado que permita ese paso',
    en: 'The return is not in a state that allows this step',
  },
  constraints: ['sii_connector_return_filed'],
});

export const ReturnExists = defineProblem({
  code: 'sii-connector.return-exists',
  status: 409,
  title: {
    es: 'Ya hay una declaración de ese período; una presentada se rectifica',
    en: 'There is a return of that period already; one that was filed is rectified',
  },
  constraints: ['sii_connector_return_key'],
});

export const ReturnHasErrors = defineProblem({
  code: 'sii-connector.return-has-errors',
  status: 422,
  title: { es: 'La declaración tiene errores', en: 'The return has errors' },
});

export const WarningsOpen = defineProblem({
  code: 'sii-connector.warnings-open',
  status: 422,
  title: {
    es: 'Hay advertencias que nadie ha asumido con un motivo',
    en: 'There are warnings that nobody has acknowledged with a reason',
  },
});

export const SecondPersonNeeded = defineProblem({
  code: 'sii-connector.second-person-needed',
  status: 422,
  title: {
    es: 'Quien preparó la declaración no puede aprobarla',
    en: 'Whoever prepared the return cannot approve it',
  },
});

export const PeriodNotOver = defineProblem({
  code: 'sii-connector.period-in-future',
  status: 422,
  title: { es: 'Ese período todavía no comienza', en: 'That period has not begun yet' },
});

export const FolioTaken = defineProblem({
  code: 'sii-connector.folio-taken',
  status: 409,
  title: {
    es: 'Otra declaración tiene ese folio',
    en: 'Another return has that folio',
  },
  constraints: ['sii_connector_return_folio_key'],
});

export const FilingDayWrong = defineProblem({
  code: 'sii-connector.filing-day-wrong',
  status: 422,
  title: {
    es: 'Ese día no pudo presentarse o pagarse la declaración',
    en: 'The return cannot have been filed or paid on that day',
  },
});

export const NothingToPay = defineProblem({
  code: 'sii-connector.nothing-to-pay',
  status: 422,
  title: { es: 'La declaración no tiene pago', en: 'There is nothing to pay' },
});

export const NoProposal = defineProblem({
  code: 'sii-connector.no-proposal',
  status: 422,
  title: {
    es: 'La propuesta del SII no está, o no dice nada de ese código',
    en: 'The SII’s proposal is not here, or says nothing of that code',
  },
});

export const CodeAbsent = defineProblem({
  code: 'sii-connector.code-absent',
  status: 404,
  title: { es: 'La declaración no tiene ese código', en: 'The return does not have that code' },
});

export const FindingAbsent = defineProblem({
  code: 'sii-connector.finding-absent',
  status: 422,
  title: {
    es: 'La declaración no tiene una advertencia así',
    en: 'The return has no such warning',
  },
});

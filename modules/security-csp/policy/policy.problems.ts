import { defineProblem } from '#kernel';

export const PolicyInState = defineProblem({
  code: 'security-csp.policy-in-state',
  status: 409,
  title: {
    es: 'La política no está en un estado que permita eso',
    en: 'The policy is not in a state that allows that',
  },
});

export const PolicyRefused = defineProblem({
  code: 'security-csp.policy-refused',
  status: 422,
  title: {
    es: 'La política no protegería o no reportaría nada',
    en: 'The policy would protect nothing, or report nothing',
  },
});

export const UnknownApp = defineProblem({
  code: 'security-csp.unknown-app',
  status: 422,
  title: { es: 'No hay una aplicación con ese nombre', en: 'There is no app of that name' },
});

export const GroupsUnresolved = defineProblem({
  code: 'security-csp.groups-unresolved',
  status: 409,
  title: {
    es: 'Hay grupos aceptados que una persona debe resolver',
    en: 'Some accepted groups must be resolved by a person',
  },
});

export const GatesUnmet = defineProblem({
  code: 'security-csp.gates-unmet',
  status: 409,
  title: {
    es: 'Aún no se cumplen las condiciones para exigir la política',
    en: 'What must hold before the policy is enforced does not hold yet',
  },
});

export const ProofFailed = defineProblem({
  code: 'security-csp.proof-failed',
  status: 409,
  title: {
    es: 'La política bloquea lo aceptado, permite lo rechazado o es débil',
    en: 'The policy blocks what is accepted, allows what is rejected, or is weak',
  },
});

export const NotResolvable = defineProblem({
  code: 'security-csp.not-resolvable',
  status: 422,
  title: {
    es: 'Ese grupo no se resuelve de esa manera',
    en: 'That group is not resolved in that way',
  },
});

export const NoSuchUrl = defineProblem({
  code: 'security-csp.no-such-url',
  status: 422,
  title: {
    es: 'La página o la URL no es una dirección',
    en: 'The page or the URL is no address',
  },
});

export const TooManyPolicies = defineProblem({
  code: 'security-csp.too-many-policies',
  status: 409,
  title: {
    es: 'La aplicación ya tiene 1.000 políticas',
    en: 'The app has 1,000 policies already',
  },
});

export const WaiverWithoutReason = defineProblem({
  code: 'security-csp.waiver-without-reason',
  status: 422,
  title: {
    es: 'Para pasar por alto una condición hay que decir por qué',
    en: 'Whoever passes over a condition must say why',
  },
});

export const PercentNotRaised = defineProblem({
  code: 'security-csp.percent-not-raised',
  status: 409,
  title: {
    es: 'La política ya rige para ese porcentaje; para menos, se revierte',
    en: 'The policy is enforced for that percentage already; for less, roll it back',
  },
});

export const RolloutUnderWay = defineProblem({
  code: 'security-csp.rollout-under-way',
  status: 409,
  title: {
    es: 'Otra política de la aplicación rige aún para una parte de los visitantes',
    en: 'Another policy of the app is still enforced for a part of its visitors',
  },
});

export const NumberTooOld = defineProblem({
  code: 'security-csp.number-too-old',
  status: 409,
  title: {
    es: 'Los reportes de esta versión ya son ruido: debe ser candidata de nuevo',
    en: 'Reports of this version are noise by now: make it a candidate anew',
  },
});

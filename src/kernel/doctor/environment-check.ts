import type { DoctorCheck, DoctorDesk, DoctorFinding } from './check.js';

const PAGE = 'runbooks/doctor.md#environment';

/** Variables that are read as a family: a name of none of them is perhaps a slip of the pen. */
const FAMILY = /^(OFITEC|DATABASE|ALERT|API_THROTTLE|CSP|SII|SECRET|TRUSTED|METRICS|OTEL)_/;
/** Read by other programs of the house or by what it is built on. */
const ELSEWHERE = /^(OFITEC_TEST|OTEL)_|^SECRETS_/;

/**
 * What the environment says and nobody reads, and what it says twice. What it says wrongly stops every
 * program already; the doctor tells it from the same reading.
 */
export function environmentCheck(
  faults: readonly string[],
  others: readonly string[],
): DoctorCheck {
  return {
    name: 'environment',
    runbook: PAGE,
    look: async (desk) => {
      const found = [
        ...faults.map((fault) => finding('critical', fault)),
        ...unknownOf(desk, others).map((name) =>
          finding('warning', `${name} is set, and nobody reads it`),
        ),
        ...contradictionsOf(desk.environment).map((words) => finding('warning', words)),
      ];
      return found.length > 0 ? found : [finding('good', 'everything that is set is known')];
    },
  };
}

function finding(state: DoctorFinding['state'], sentence: string): DoctorFinding {
  return { what: 'environment', state, sentence, runbook: PAGE };
}

function unknownOf({ environment, addons }: DoctorDesk, others: readonly string[]): string[] {
  const known = new Set(others);
  for (const { config } of addons) {
    for (const [name, { secret }] of Object.entries(config)) {
      known.add(name);
      if (secret) known.add(`${name}_FILE`);
    }
  }
  return Object.keys(environment)
    .filter((name) => FAMILY.test(name) && !ELSEWHERE.test(name) && !known.has(name))
    .sort();
}

function contradictionsOf(environment: DoctorDesk['environment']): string[] {
  const is = (name: string): boolean =>
    [name, `${name}_FILE`].some((each) => (environment[each] ?? '') !== '');
  const userOf = (name: string): string => URL.parse(environment[name] ?? '')?.username ?? '';
  const owner = userOf('DATABASE_OWNER_URL');
  return [
    ...(is('DATABASE_OWNER_URL') && !is('DATABASE_URL')
      ? [
          'DATABASE_OWNER_URL is set without DATABASE_URL: the embedded database is used all the same',
        ]
      : []),
    ...(owner !== '' && owner === userOf('DATABASE_URL')
      ? ['DATABASE_URL and DATABASE_OWNER_URL are the same login: the application must own nothing']
      : []),
    ...(is('DATABASE_URL') && environment['NODE_ENV'] !== 'production'
      ? [
          'DATABASE_URL names a database and NODE_ENV is not production: what is unsafe is not refused',
        ]
      : []),
  ];
}

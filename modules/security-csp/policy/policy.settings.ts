import { booleanSetting } from '#kernel';
import type { SettingDefinition } from '#kernel';

/** Days that browsers must have reported on a policy before it is enforced. */
export const CSP_OBSERVED_DAYS = 'CSP_OBSERVED_DAYS';

/** Whether those days must hold the end of a month, on which pages are used that nobody else uses. */
export const CSP_MONTH_END = 'CSP_MONTH_END';

/** Days without a new group that nobody has explained, and with the text that is to be enforced. */
export const CSP_QUIET_DAYS = 'CSP_QUIET_DAYS';

/** Hours within which the canary must have been heard. */
export const CSP_CANARY_HOURS = 'CSP_CANARY_HOURS';

/** Reports of an enforced policy in ten minutes that may be a spike. */
export const CSP_ROLL_BACK_REPORTS = 'CSP_ROLL_BACK_REPORTS';

/** Reporters of a group that is new since a policy was enforced. */
export const CSP_ROLL_BACK_REPORTERS = 'CSP_ROLL_BACK_REPORTERS';

export const policySettings: Readonly<Record<string, SettingDefinition>> = {
  [CSP_OBSERVED_DAYS]: integerSetting(
    'days that a policy is observed in Report-Only before it may be enforced',
    { fallback: 7, min: 7, max: 14 },
  ),
  [CSP_MONTH_END]: booleanSetting(
    'whether the observed days must hold the last day of a month',
    true,
  ),
  [CSP_QUIET_DAYS]: integerSetting(
    'days without a new unexplained group before a policy may be enforced',
    { fallback: 3, min: 1, max: 14 },
  ),
  [CSP_CANARY_HOURS]: integerSetting(
    'hours within which the canary must have been reported for reports to count as arriving',
    { fallback: 24, min: 1, max: 168 },
  ),
  [CSP_ROLL_BACK_REPORTS]: integerSetting(
    'reports of an enforced policy in ten minutes, five times what is usual, that roll it back',
    { fallback: 100, min: 10, max: 1_000_000 },
  ),
  [CSP_ROLL_BACK_REPORTERS]: integerSetting(
    'distinct reporters of a group that is new since a policy was enforced, that roll it back',
    { fallback: 3, min: 2, max: 60 },
  ),
};

function integerSetting(
  summary: string,
  { fallback, min, max }: { fallback: number; min: number; max: number },
): SettingDefinition {
  return {
    summary,
    fallback,
    refuse: (value) =>
      Number.isInteger(value) && Number(value) >= min && Number(value) <= max
        ? null
        : {
            es: `debe ser un número entero, de ${min} a ${max}`,
            en: `must be a whole number, from ${min} to ${max}`,
          },
  };
}

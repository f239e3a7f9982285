import { booleanSetting, pesosSetting } from '#kernel';

/** Whether cashiers count without knowing what should be there. */
export const BLIND_COUNT = 'BLIND_COUNT';

/** A cash difference above this many pesos, in either direction, needs a second person. */
export const CASH_DIFF_ALERT_THRESHOLD = 'CASH_DIFF_ALERT_THRESHOLD';

export const cashSessionSettings = {
  [BLIND_COUNT]: booleanSetting(
    'hide expected amounts and differences from whoever lacks payments.expected-amount.read',
    false,
  ),
  [CASH_DIFF_ALERT_THRESHOLD]: pesosSetting(
    'whole pesos of cash difference, missing or left over, above which closing needs a second person',
    50_000,
    100_000_000,
  ),
};

/** How often a session is counted by those who may not see what should be there. */
export const MAX_BLIND_COUNTS = 3;

/** The permission to see expected amounts where the count is blind. */
export const SEE_EXPECTED = 'payments.expected-amount.read';

/** The permission to approve a high difference of somebody else. */
export const APPROVE = 'payments.difference.approve';

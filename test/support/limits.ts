/** Limits that no test reaches by being quick; those of throttling set their own. */
export const ROOMY_LIMITS = {
  API_THROTTLE_ANON_IP_RATE: '1000000/min',
  API_THROTTLE_USER_RATE: '1000000/min',
  API_THROTTLE_SENSITIVE_USER_RATE: '1000000/min',
} as const;

/** What a partner's server does wrong with a submission, by name, and what that is. */
export const PARTNER_FAULTS = {
  none: 'nothing',
  slow: 'takes it, and takes its time to answer',
  'slow-acceptance': 'takes its time before it takes it, and nobody finds it until then',
  'silent-after-acceptance': 'takes it, and never answers: a timeout',
  'error-after-acceptance': 'takes it, and answers 500',
  'hang-up-after-acceptance': 'takes it, and hangs up',
  'nonsense-after-acceptance': 'takes it, and answers what is no JSON',
  'webhook-before-answer': 'takes it, says so by webhook, and answers after that',
  'duplicate-webhooks': 'takes it, and sends every webhook about it three times',
  busy: 'answers 429, and does not take it',
  error: 'answers 503, and does not take it',
  refusal: 'refuses it for good',
} as const;

export type PartnerFault = keyof typeof PARTNER_FAULTS;

/** Whether it is the name of a fault. */
export function isPartnerFault(name: string): name is PartnerFault {
  return Object.hasOwn(PARTNER_FAULTS, name);
}

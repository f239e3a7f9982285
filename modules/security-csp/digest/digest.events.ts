import { defineEvent } from '#kernel';

/** An app whose reports became many more from one day to the next. */
export interface Spike {
  readonly appId: string;
  readonly app: string;
  readonly reports: number;
  /** Reports a day, on average of the seven days before. */
  readonly usual: number;
}

export const DigestMade = defineEvent<{
  day: string;
  reports: number;
  noise: number;
  newGroups: number;
  /** At most 100, as many as there may be apps. */
  spikes: readonly Spike[];
  /** Apps without a spike. */
  calm: readonly string[];
  /** New groups that several reporters have seen, at most 20, those of the widest reach. */
  widelySeen: readonly { groupId: string; app: string; reporters: number }[];
}>({
  name: 'csp_digest.made',
  version: 1,
  summary: 'what the violation reports of a business day say together',
});

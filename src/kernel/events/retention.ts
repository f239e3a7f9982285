/**
 * For how long the content of an event is kept, by what it is evidence of:
 *
 * - `tax`: money and taxes. The SII may look back six years from the day on which a tax fell due (Código
 *   Tributario, arts. 17 and 200), that is seven years and four months from an event of January.
 * - `security`: who did what, sign-ins, refusals.
 * - `personal`: that data of a customer were added or changed.
 * - `technical`: how the installation fared.
 */
export const RETENTION_CLASSES = ['tax', 'security', 'personal', 'technical'] as const;
export type RetentionClass = (typeof RETENTION_CLASSES)[number];

/** How long an addon's events are kept. */
export interface Retention {
  /** Of every event that is not named below. */
  readonly events: RetentionClass;
  /** Of single events, by name. */
  readonly except?: Readonly<Record<string, RetentionClass>>;
}

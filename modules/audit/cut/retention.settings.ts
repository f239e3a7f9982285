import { monthsSetting, RETENTION_CLASSES } from '#kernel';
import type { RetentionClass, SettingDefinition } from '#kernel';

/** How long a class is kept unless a company says otherwise, and at least; both in months. */
interface Term {
  readonly fallback: number;
  /** The floor: below it no company may go. */
  readonly min: number;
  readonly summary: string;
}

/**
 * `tax`: six years from the day on which the year's tax falls due, at the end of the April after it (Código
 * Tributario, art. 200; books and papers as long, art. 17): 16 months after an event of January, and six years.
 * `security`: a year, as PCI DSS 4.0 asks in 10.5.1. The others are the house's own choice.
 */
const TERMS: Readonly<Record<RetentionClass, Term>> = {
  tax: { fallback: 96, min: 88, summary: 'months for which events of money and taxes are kept' },
  security: { fallback: 24, min: 12, summary: 'months for which events of access are kept' },
  personal: {
    fallback: 24,
    min: 3,
    summary: 'months for which changes of customers’ data are kept',
  },
  technical: { fallback: 12, min: 3, summary: 'months for which technical events are kept' },
};

/** The name of a class's setting: `RETENTION_TAX_MONTHS`. */
export function settingOf(kept: RetentionClass): string {
  return `RETENTION_${kept.toUpperCase()}_MONTHS`;
}

export const retentionSettings: Readonly<Record<string, SettingDefinition>> = Object.fromEntries(
  RETENTION_CLASSES.map((kept) => {
    const { summary, fallback, min } = TERMS[kept];
    return [settingOf(kept), monthsSetting(summary, fallback, min)];
  }),
);

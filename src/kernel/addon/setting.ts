/** A value of one company: what it means, and which JSON values it takes. */
export interface SettingDefinition {
  readonly summary: string;
  readonly fallback: SettingValue;
  /** Why the value is refused, in Spanish and English, or null when it fits. */
  refuse(value: unknown): { es: string; en: string } | null;
}

export type SettingValue = boolean | number | string;

/** A yes or no. */
export function booleanSetting(summary: string, fallback: boolean): SettingDefinition {
  return {
    summary,
    fallback,
    refuse: (value) =>
      typeof value === 'boolean'
        ? null
        : { es: 'debe ser true o false', en: 'must be true or false' },
  };
}

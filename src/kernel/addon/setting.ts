import { isPesos } from '../values/money.js';

/** A value of one company: what it means, and which JSON values it takes. */
export interface SettingDefinition {
  readonly summary: string;
  readonly fallback: SettingValue;
  /** Why the value is refused, in Spanish and English, or null when it fits. */
  refuse(value: unknown): { es: string; en: string } | null;
}

export type SettingValue = boolean | number | string;

/** Whole pesos, from 0 to a bound. */
export function pesosSetting(summary: string, fallback: number, max: number): SettingDefinition {
  return {
    summary,
    fallback,
    refuse: (value) =>
      isPesos(value) && value <= max
        ? null
        : {
            es: `debe ser un número entero de pesos, de 0 a ${max}`,
            en: `must be a whole number of pesos, from 0 to ${max}`,
          },
  };
}

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

/** Whole months, from a floor that no company may go below. */
export function monthsSetting(summary: string, fallback: number, min: number): SettingDefinition {
  const max = 1_200;
  return {
    summary,
    fallback,
    refuse: (value) =>
      Number.isInteger(value) && Number(value) >= min && Number(value) <= max
        ? null
        : {
            es: `debe ser un número entero de meses, de ${min} a ${max}`,
            en: `must be a whole number of months, from ${min} to ${max}`,
          },
  };
}

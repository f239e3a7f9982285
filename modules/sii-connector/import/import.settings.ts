import type { SettingDefinition } from '#kernel';

/** The largest file that is taken. */
export const SII_IMPORT_MAX_MEGABYTES = 'SII_IMPORT_MAX_MEGABYTES';

const MAX = 900;

export const importSettings: Readonly<Record<string, SettingDefinition>> = {
  [SII_IMPORT_MAX_MEGABYTES]: {
    summary: 'megabytes (10^6 bytes) of the largest file that is imported, 1 to 900',
    fallback: 300,
    refuse: (value) =>
      Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX
        ? null
        : {
            es: `debe ser un número entero de megabytes, de 1 a ${MAX}`,
            en: `must be a whole number of megabytes, from 1 to ${MAX}`,
          },
  },
};

import { defineProblem } from '#kernel';

export const SettingValueRefused = defineProblem({
  code: 'base.setting-value-refused',
  status: 422,
  title: { es: 'El valor no corresponde a este ajuste', en: 'The value does not fit this setting' },
});

import { defineEvent } from '#kernel';

export const SettingChanged = defineEvent<{ name: string }>({
  name: 'setting.changed',
  version: 1,
  summary: 'a setting of the company got another value',
});

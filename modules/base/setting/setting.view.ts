import { IntegerField, JsonField, ListField, TextField } from '#kernel';
import type { SettingValue } from '#kernel';

export class SettingView {
  @TextField({ max: 64 })
  name!: string;

  @TextField({ max: 300 })
  summary!: string;

  @JsonField()
  value!: SettingValue;

  @JsonField({ description: 'the value where the company chose none' })
  fallback!: SettingValue;

  @IntegerField({ min: 0, max: 2_147_483_647, description: '0 while nothing was chosen' })
  version!: number;
}

export class SettingsView {
  @ListField(() => SettingView, { maxItems: 1000 })
  items!: SettingView[];
}

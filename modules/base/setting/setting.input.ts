import { JsonField } from '#kernel';

export class PutSetting {
  @JsonField({ description: 'true or false, a number or a text, as the setting says' })
  value!: unknown;
}

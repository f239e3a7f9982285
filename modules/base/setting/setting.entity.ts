import { Column, Entity } from 'typeorm';
import { CompanyRecord } from '#kernel';
import type { SettingValue } from '#kernel';

/** A value that the company chose in place of the declared default. */
@Entity('base_setting')
export class Setting extends CompanyRecord {
  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'jsonb' })
  value!: SettingValue;
}

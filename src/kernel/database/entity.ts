import { Column, PrimaryColumn } from 'typeorm';
import type { ColumnOptions } from 'typeorm';

/** bigint of PostgreSQL as the safe integer that it is known to hold. */
const safeInteger = {
  to: (value: number | null) => value,
  from: (value: string | null) => (value === null ? null : Number(value)),
};

/** A column of whole pesos. */
export function PesosColumn(options: ColumnOptions = {}): PropertyDecorator {
  return Column({ type: 'bigint', transformer: safeInteger, ...options });
}

/** A column with a short exact decimal (a quantity); never money. */
export function DecimalColumn(precision: number, scale: number): PropertyDecorator {
  return Column({ type: 'numeric', precision, scale, transformer: safeInteger });
}

/** An instant, kept to the millisecond as JavaScript knows it, so that nothing changes on the way. */
export function InstantColumn(options: ColumnOptions = {}): PropertyDecorator {
  return Column({ type: 'timestamptz', precision: 3, ...options });
}

/** A row of one company that never changes after it was written. */
export abstract class CompanyRow {
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  @Column({ type: 'uuid' })
  companyId!: string;

  @InstantColumn()
  createdAt!: Date;
}

/** A row of one company that changes; every change counts the version up. */
export abstract class CompanyRecord extends CompanyRow {
  @InstantColumn()
  updatedAt!: Date;

  @Column({ type: 'integer' })
  version!: number;
}

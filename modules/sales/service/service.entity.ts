import { Column, Entity } from 'typeorm';
import { CompanyRecord, PesosColumn } from '#kernel';

/** How a service is counted: pieces, or kilos with decimals. */
export const SERVICE_UNITS = ['unit', 'kg'] as const;

export type ServiceUnit = (typeof SERVICE_UNITS)[number];

/** Something the shop does for a price: wash a kilo, iron a shirt. */
@Entity('sales_service')
export class Service extends CompanyRecord {
  /** Short name, unique in the company. */
  @Column({ type: 'text' })
  code!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  unit!: ServiceUnit;

  /** Whole pesos per unit, taxes included. */
  @PesosColumn()
  price!: number;

  @Column({ type: 'boolean' })
  active!: boolean;
}

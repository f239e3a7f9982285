import { Column, Entity } from 'typeorm';
import { CompanyRow, DecimalColumn, PesosColumn } from '#kernel';

/** One service of an order, with the name and price it had when the order was taken. */
@Entity('sales_order_line')
export class OrderLine extends CompanyRow {
  @Column({ type: 'uuid' })
  orderId!: string;

  @Column({ type: 'integer' })
  position!: number;

  @Column({ type: 'uuid' })
  serviceId!: string;

  @Column({ type: 'text' })
  serviceName!: string;

  /** Whole pesos per unit. */
  @PesosColumn()
  unitPrice!: number;

  /** Pieces, or kilos with up to three decimals. */
  @DecimalColumn(12, 3)
  quantity!: number;

  /** Whole pesos. */
  @PesosColumn()
  total!: number;

  /** Marks sewn or pinned to the garments. */
  @Column({ type: 'text', array: true })
  garmentTags!: string[];

  @Column({ type: 'text', nullable: true })
  notes!: string | null;
}

import { Column, Entity } from 'typeorm';
import { CompanyRow, DecimalColumn } from '#kernel';
import type { FigureKind } from '../tables/figures.js';

/** A dated figure that an operator entered; the last of its kind and period holds. Never changed. */
@Entity('sii_connector_figure')
export class EnteredFigure extends CompanyRow {
  @Column({ type: 'text' })
  kind!: FigureKind;

  /** `YYYYMM`, the first that it holds for. */
  @Column({ type: 'text' })
  period!: string;

  /** Pesos for `utm`, else percent; three decimals. */
  @DecimalColumn(14, 3)
  value!: number;

  @Column({ type: 'text' })
  source!: string;

  @Column({ type: 'uuid', nullable: true })
  enteredBy!: string | null;
}

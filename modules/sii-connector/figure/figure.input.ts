import { ChoiceField, QuantityField, TextField } from '#kernel';
import { FIGURE_KINDS } from '../tables/figures.js';
import type { FigureKind } from '../tables/figures.js';
import { PERIOD } from '../tables/period.js';

export class EnterFigure {
  @ChoiceField(FIGURE_KINDS)
  kind!: FigureKind;

  @TextField({ max: 6, min: 6, pattern: PERIOD, description: 'YYYYMM, the first it holds for' })
  period!: string;

  @QuantityField({ description: 'pesos for utm, else percent; at most three decimals' })
  value!: number;

  @TextField({ max: 300, description: 'where it was read' })
  source!: string;
}

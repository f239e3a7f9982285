import { ChoiceField, IdField, InstantField, NumberField, pick, TextField } from '#kernel';
import { FIGURE_KINDS } from '../tables/figures.js';
import type { EnteredFigure } from './figure.entity.js';

export class FigureView {
  @IdField()
  id!: string;

  @ChoiceField(FIGURE_KINDS)
  kind!: string;

  @TextField({ max: 6 })
  period!: string;

  @NumberField({ min: 0, max: 100_000, description: 'pesos for utm, else percent' })
  value!: number;

  @TextField({ max: 300 })
  source!: string;

  @IdField({ nullable: true })
  enteredBy!: string | null;

  @InstantField()
  createdAt!: string;

  static of(this: void, figure: EnteredFigure): FigureView {
    return {
      ...pick(figure, 'id', 'kind', 'period', 'value', 'source', 'enteredBy'),
      createdAt: figure.createdAt.toISOString(),
    };
  }
}

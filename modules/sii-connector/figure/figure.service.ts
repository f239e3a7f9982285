import { Injectable } from '@nestjs/common';
import { currentActor, Database, defineList, Events, Records } from '#kernel';
import type { Page } from '#kernel';
import { FIGURE_KINDS, Figures } from '../tables/figures.js';
import type { Figure } from '../tables/figures.js';
import { EnteredFigure } from './figure.entity.js';
import { FigureEntered } from './figure.events.js';
import type { EnterFigure } from './figure.input.js';

/** What clients may ask of the figures. */
export const figureList = defineList({
  entity: EnteredFigure,
  filters: { kind: FIGURE_KINDS, period: 'text', createdAt: 'instant' },
  sorts: ['createdAt'],
  sort: '-createdAt',
});

const LATEST = `SELECT DISTINCT ON (kind, period) kind, period, value::float8 AS value, source
  FROM sii_connector_figure WHERE company_id = $1 ORDER BY kind, period, created_at DESC, id DESC`;

/** Dated figures: what ships, and what the company's operator put before it. */
@Injectable()
export class FigureService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<EnteredFigure>> {
    return this.database.transaction(() => this.records.page(figureList, query));
  }

  /** Enters a figure, or corrects one by a further row: what was relied on before stays readable. */
  async enter(input: EnterFigure): Promise<EnteredFigure> {
    return this.database.transaction(async () => {
      const { kind, period, value, source } = input;
      const enteredBy = currentActor().userId;
      const figure = await this.records.insert(EnteredFigure, {
        ...{ kind, period, value, source, enteredBy },
      });
      await this.events.publish(FigureEntered, {
        subject: { type: 'sii-connector.figure', id: figure.id, label: `${kind} ${period}` },
        payload: { figureId: figure.id, kind, period, value },
      });
      return figure;
    });
  }

  /** The company's figures, in force now. */
  async figures(): Promise<Figures> {
    return this.database.transaction(async () =>
      Figures.with(await this.database.rows<Figure>(LATEST, [this.database.companyId])),
    );
  }
}

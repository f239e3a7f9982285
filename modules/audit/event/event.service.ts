import { Injectable } from '@nestjs/common';
import {
  AddonRegistry,
  contentFor,
  currentActor,
  Database,
  defineList,
  EventRow,
  Records,
} from '#kernel';
import type { Actor, Page } from '#kernel';
import { EventView } from './event.view.js';

/** What clients may ask of the event log. */
export const eventList = defineList({
  entity: EventRow,
  filters: {
    action: 'text',
    actorId: 'id',
    actorLogin: 'text',
    ip: 'text',
    subjectType: 'text',
    subjectId: 'id',
    requestId: 'text',
    createdAt: 'instant',
  },
  sorts: ['createdAt'],
  sort: '-createdAt',
});

/** Reading the event log: who did what to which record, when and from where. */
@Injectable()
export class EventService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly registry: AddonRegistry,
  ) {}

  /**
   * The event as an actor may see it: what its addon restricts is masked for whoever lacks the
   * permission.
   */
  view(row: EventRow, { permissions }: Actor = currentActor()): EventView {
    const content = contentFor(permissions, this.registry.event(row.action), row);
    return EventView.of(row, content);
  }

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<EventRow>> {
    return this.database.transaction(() => this.records.page(eventList, query));
  }

  async show(id: string): Promise<EventRow> {
    return this.database.transaction(() => this.records.get(EventRow, id));
  }

  /** Everything that ever happened to one record, newest first. */
  async history(
    subjectType: string,
    subjectId: string,
    query: Readonly<Record<string, unknown>>,
  ): Promise<Page<EventRow>> {
    return this.database.transaction(() =>
      this.records.page(eventList, query, { subjectType, subjectId }),
    );
  }
}

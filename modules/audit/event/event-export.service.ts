import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import {
  Clock,
  CSV_TYPE,
  currentActor,
  currentContext,
  Database,
  EventRow,
  Events,
  Malformed,
  Problem,
  Records,
  runInContext,
  toCsv,
} from '#kernel';
import type { Actor, Page, WorkContext } from '#kernel';
import { AuditExported } from './event.events.js';
import { eventList, EventService } from './event.service.js';
import type { EventView } from './event.view.js';

/** Formats of an export and their media types. */
export const EXPORT_FORMATS = {
  csv: CSV_TYPE,
  jsonl: 'application/x-ndjson; charset=utf-8',
} as const;

export type ExportFormat = keyof typeof EXPORT_FORMATS;

type Query = Readonly<Record<string, unknown>>;

/** One download: it ends where it began, so that it never runs after events that come meanwhile. */
interface Download {
  readonly format: ExportFormat;
  readonly filters: Query;
  readonly before: Date;
  /** Whose download it is: it shows what that person may see. */
  readonly actor: Actor;
}

const COLUMNS: readonly (keyof EventView)[] = [
  ...(['createdAt', 'action', 'actorLogin', 'actorId', 'ip', 'subjectType', 'subjectId'] as const),
  ...([
    'subjectLabel',
    'reason',
    'changes',
    'payload',
    'requestId',
    'id',
    'schemaVersion',
  ] as const),
];

/** Downloads of the event log, page by page in constant memory; each download is an event itself. */
@Injectable()
export class EventExportService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly clock: Clock,
    private readonly log: EventService,
  ) {}

  /** @throws Problem Malformed for a format or filter it does not know, before the first byte */
  async export(query: Query): Promise<{ format: ExportFormat; body: Readable }> {
    const { format, ...filters } = query;
    if (format !== 'csv' && format !== 'jsonl') {
      const fault = { field: 'format', es: 'debe ser csv o jsonl', en: 'must be csv or jsonl' };
      throw new Problem(Malformed, { faults: [fault] });
    }
    const paging = ['limit', 'after', 'sort'].find((name) => name in filters);
    if (paging) {
      const fault = { field: paging, es: 'parámetro desconocido', en: 'unknown parameter' };
      throw new Problem(Malformed, { faults: [fault] });
    }
    const actor = currentActor();
    const download = { format, filters, before: this.clock.now(), actor } as const;
    const first = await this.database.transaction(async () => {
      const page = await this.page(download, null);
      const { companyId, login } = actor;
      await this.events.publish(AuditExported, {
        subject: { type: 'base.company', id: companyId, label: `audit as ${format} by ${login}` },
        payload: { format, filters },
      });
      return page;
    });
    return { format, body: Readable.from(this.lines(download, first, currentContext())) };
  }

  /** Pages are read while the client takes them, each in the context of the request. */
  private async *lines(
    download: Download,
    first: Page<EventRow>,
    context: WorkContext | null,
  ): AsyncGenerator<string> {
    const isCsv = download.format === 'csv';
    if (isCsv) yield toCsv([COLUMNS]);
    for (let page = first; ;) {
      const views = page.items.map((row) => this.log.view(row, download.actor));
      yield isCsv ? toCsv(views.map(cells)) : views.map(line).join('');
      const { next } = page;
      if (next === null || !context) return;
      page = await runInContext(context, () =>
        this.database.transaction(() => this.page(download, next)),
      );
    }
  }

  private page({ filters, before }: Download, after: string | null): Promise<Page<EventRow>> {
    const paging = { limit: '200', sort: 'createdAt', ...(after ? { after } : {}) };
    const asked = filters['createdAt.lt'];
    // What is no instant is kept, so that the list refuses it.
    const isLater = typeof asked === 'string' ? new Date(asked) >= before : asked === undefined;
    const until = isLater ? before.toISOString() : asked;
    return this.records.page(eventList, { ...filters, ...paging, 'createdAt.lt': until });
  }
}

function cells(view: EventView): unknown[] {
  return COLUMNS.map((column) => {
    const value = view[column];
    return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
  });
}

function line(view: EventView): string {
  return `${JSON.stringify(view)}\n`;
}

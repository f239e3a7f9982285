import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import {
  Clock,
  currentContext,
  Database,
  demandRange,
  PeriodTooLong,
  Problem,
  readReport,
  runInContext,
  toCsv,
} from '#kernel';
import type { PageQuery, WorkContext } from '#kernel';
import { VaultStore } from '../vault/vault-store.js';
import type { RawRow, Report } from './report.js';

/** What a report is asked for. */
export interface Asked {
  /** Days, or months as `YYYYMM`. */
  readonly from: string;
  readonly to: string;
  readonly asOf?: string;
  readonly branchId?: string;
}

/** A page of a report, and what was known when. */
export interface ReportPage<V> {
  readonly asOf: string;
  readonly loadedUntil: string | null;
  readonly items: V[];
  readonly next: string | null;
}

/** Rows that a file takes from the database at a time. */
const FILE_PAGE = 1_000;

/** Reports of the vault as they were known at a moment; for the whole company, whoever asks. */
@Injectable()
export class WarehouseReportService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly vault: VaultStore,
  ) {}

  /**
   * One page of a report.
   *
   * @throws Problem PeriodTooLong, Malformed for a cursor
   */
  async page<V extends object>(
    report: Report<V>,
    { limit, after, ...asked }: Asked & PageQuery,
  ): Promise<ReportPage<V>> {
    demandSpan(asked);
    const asOf = asked.asOf ?? this.clock.now().toISOString();
    return this.database.snapshot(async () => {
      const current = await this.vault.find('current');
      const paging = { ...(limit && { limit }), ...(after && { after }) };
      const { items, next } = await readReport<RawRow>(paging, {
        key: report.key,
        isKey: report.isKey,
        read: (behind, rows) => this.read(report, { ...asked, asOf }, behind, rows),
      });
      const loadedUntil = current?.lastRecordedAt?.toISOString() ?? null;
      return { asOf, loadedUntil, items: items.map((row) => report.view(row)), next };
    });
  }

  /** All of a report as CSV, read while the client takes it. @throws Problem PeriodTooLong */
  csv<V extends object>(report: Report<V>, asked: Asked): Readable {
    demandSpan(asked);
    const asOf = asked.asOf ?? this.clock.now().toISOString();
    return Readable.from(this.lines(report, { ...asked, asOf }, currentContext()));
  }

  /** Rows of a report behind a key, in a transaction; none where nothing was ever loaded. */
  async read<V extends object>(
    { query }: Report<V>,
    { from, to, branchId, asOf }: Asked,
    behind: readonly string[],
    limit: number,
  ): Promise<RawRow[]> {
    const current = await this.vault.find('current');
    if (!current) return [];
    const place = [this.database.companyId, current.generation, asOf];
    return this.database.rowsByPlan<RawRow>(query.sql, [
      ...[...place, from, to, branchId ?? null, behind[0] ?? null, behind[1] ?? null, limit],
    ]);
  }

  private async *lines<V extends object>(
    report: Report<V>,
    asked: Asked,
    context: WorkContext | null,
  ): AsyncGenerator<string> {
    yield toCsv([report.columns]);
    if (!context) return;
    for (let behind: readonly string[] = []; ;) {
      const from = behind;
      const rows = await runInContext(context, () =>
        this.database.snapshot(() => this.read(report, asked, from, FILE_PAGE)),
      );
      const views = rows.map((row) => report.view(row));
      yield toCsv(views.map((view) => report.columns.map((column) => view[column])));
      const last = rows.at(-1);
      if (!last || rows.length < FILE_PAGE) return;
      behind = report.key(last);
    }
  }
}

/** At most a year and a day, or ten years of months. */
function demandSpan({ from, to }: Asked): void {
  if (from.length > 6) {
    demandRange({ from, to });
    return;
  }
  const month = (period: string): number =>
    Number(period.slice(0, 4)) * 12 + Number(period.slice(4));
  const months = month(to) - month(from);
  if (months < 0 || months >= 120) throw new Problem(PeriodTooLong);
}

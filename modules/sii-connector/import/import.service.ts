import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { currentActor, Database, defineList, Events, newId, Problem, Records } from '#kernel';
import type { Page } from '#kernel';
import { CompanyService, SettingService } from '#modules/base';
import { DteImportService } from './dte-import.service.js';
import { FeeImportService } from './fee-import.service.js';
import { readFileName } from './file-name.js';
import { Import, IMPORT_KINDS } from './import.entity.js';
import type { Finding, ImportKind } from './import.entity.js';
import { ImportCompleted, ImportRefused } from './import.events.js';
import { Findings } from './import.findings.js';
import type { ImportRequest } from './import.input.js';
import { FileRefused } from './import.problems.js';
import type { Asked, FileReader, Reading } from './import.reading.js';
import { SII_IMPORT_MAX_MEGABYTES } from './import.settings.js';
import type { ImportOutcome } from './import.view.js';
import { RcvImportService } from './rcv-import.service.js';
import { SpooledFile } from './spool.js';

export const importList = defineList<Import>({
  entity: Import,
  filters: { kind: IMPORT_KINDS, period: 'text', createdAt: 'instant' },
  sorts: ['createdAt'],
  sort: '-createdAt',
});

/** How far an import is, for whoever waits. */
export type Progress = (bytesRead: number, bytes: number) => void;

// A file takes as long as it takes; whoever else waits for the ledger of the company gives up.
const PATIENCE = { statementMs: 900_000, lockMs: 120_000 };

/** Ends a transaction whose work was only looked at. */
class LookedAt extends Error {
  constructor(readonly outcome: ImportOutcome) {
    super('a dry run stores nothing');
  }
}

/** Files of the SII into the ledger: each as a whole or not at all, and each document once. */
@Injectable()
export class ImportService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly settings: SettingService,
    private readonly companies: CompanyService,
    private readonly rcv: RcvImportService,
    private readonly dte: DteImportService,
    private readonly fees: FeeImportService,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<Import>> {
    return this.database.transaction(() => this.records.page(importList, query));
  }

  async show(id: string): Promise<Import> {
    return this.database.transaction(() => this.records.get(Import, id));
  }

  /**
   * Takes a file.
   *
   * @throws Problem FileRefused with every fault that was found; FileTooLarge, FileCutOff, Busy
   */
  async take(
    source: Readable,
    request: ImportRequest,
    progress: Progress = () => {},
  ): Promise<ImportOutcome> {
    const megabytes = await this.settings.value<number>(SII_IMPORT_MAX_MEGABYTES);
    const file = await SpooledFile.of(source, megabytes * 1_000_000);
    try {
      return await this.read(file, request, progress);
    } finally {
      await file.close();
    }
  }

  private async read(
    file: SpooledFile,
    request: ImportRequest,
    progress: Progress,
  ): Promise<ImportOutcome> {
    const isDry = request.dryRun === 'true';
    const importId = newId();
    try {
      return await this.database.transaction(async () => {
        await this.database.takeTime(PATIENCE);
        await this.database.rowsByPlan("SELECT set_config('work_mem', '64MB', true)", []);
        const findings = new Findings();
        const asked = await this.look(file, request, findings);
        this.demandFaultless(request, findings);
        const reading = await this.readerOf(asked.kind).read(
          file,
          { ...asked, importId },
          findings,
          progress,
        );
        this.demandFaultless(request, findings);
        const outcome = await this.store(file, { ...request, importId }, reading, findings);
        if (isDry) throw new LookedAt({ ...outcome, id: null });
        return outcome;
      });
    } catch (error) {
      if (error instanceof LookedAt) return error.outcome;
      if (!(error instanceof Problem) || error.definition !== FileRefused) throw error;
      if (isDry) return outcomeOf(error);
      await this.tellRefusal(importId, file, request, error);
      throw error;
    }
  }

  private readerOf(kind: ImportKind): FileReader {
    if (kind === 'dte') return this.dte;
    return kind === 'honorarios' ? this.fees : this.rcv;
  }

  /** What file, name and address say together, before anything of the file is read. */
  private async look(
    file: SpooledFile,
    request: ImportRequest,
    findings: Findings,
  ): Promise<Omit<Asked, 'importId'>> {
    const { kind } = request;
    const told = readFileName(request.fileName);
    const { rut: own } = await this.companies.show();
    const whole = { row: 0 };
    if (file.bytes === 0) findings.error('empty', whole);
    if (file.holdsNul) findings.error('nul', whole);
    const [named] = told.ruts;
    if (named !== undefined && !told.ruts.includes(own) && kind.startsWith('rcv')) {
      findings.error('other-company', whole, { rut: named, own });
    }
    const clashes = [
      [told.kind, kind.startsWith('rcv') ? kind : null],
      [told.period, request.period],
      [told.section, request.section],
    ] as const;
    for (const [says, asked] of clashes) {
      if (says && asked && says !== asked)
        findings.error('file-name', whole, { told: says, asked });
    }
    const period = request.period ?? told.period;
    const mine = request.mine === 'true';
    if (file.bytes > 0 && (await this.isElsewhere(file.sha256))) {
      findings.doubt('imported-elsewhere', whole, {}, mine);
    }
    return { kind, own, mine, period, section: request.section ?? told.section };
  }

  /** Whether another company has taken this very file, with documents in it. */
  private async isElsewhere(sha256: string): Promise<boolean> {
    const [found] = await this.database.rows<{ elsewhere: boolean }>(
      'SELECT sii_connector_file_elsewhere($1, $2) AS elsewhere',
      [sha256, this.database.companyId],
    );
    return found?.elsewhere ?? false;
  }

  private async store(
    file: SpooledFile,
    request: ImportRequest & { importId: string },
    reading: Reading,
    { warnings }: Findings,
  ): Promise<ImportOutcome> {
    const { importId: id, kind } = request;
    const { period, section, documents, imported, changed, skipped } = reading;
    const { sha256, bytes, encoding } = file;
    const counts = { documents, imported, changed, skipped };
    await this.records.insert(Import, {
      ...{ id, kind, period, section, sha256, bytes, encoding, warnings, ...counts },
      fileName: request.fileName ?? null,
      importedBy: currentActor().userId,
    });
    await reading.keep?.();
    await this.events.publish(ImportCompleted, {
      subject: { type: 'sii-connector.import', id, label: labelOf(kind, period) },
      payload: { importId: id, kind, period, sha256, ...counts },
    });
    return {
      id,
      kind,
      period,
      section,
      dryRun: request.dryRun === 'true',
      ...counts,
      errors: [],
      warnings,
    };
  }

  private demandFaultless(request: ImportRequest, findings: Findings): void {
    const { errors, warnings } = findings;
    if (errors.length === 0) return;
    const { kind, period = null, section = null } = request;
    const none = { documents: 0, imported: 0, changed: 0, skipped: 0 };
    const shown = errors.map((each) => ({ ...each, field: fieldOf(each), message: each.detail }));
    throw new Problem(FileRefused, {
      detail: { es: shown[0]?.detail ?? '', en: shown[0]?.detail ?? '' },
      extra: { id: null, kind, period, section, ...none, errors: shown, warnings },
    });
  }

  private async tellRefusal(
    importId: string,
    file: SpooledFile,
    request: ImportRequest,
    { options }: Problem,
  ): Promise<void> {
    const { kind } = request;
    const period = request.period ?? null;
    const errors = options.extra?.['errors'] as readonly Finding[];
    const codes = [...new Set(errors.map(({ code }) => code))].sort();
    await this.database.transaction(() =>
      this.events.publish(ImportRefused, {
        subject: { type: 'sii-connector.import', id: importId, label: labelOf(kind, period) },
        payload: { importId, kind, period, sha256: file.sha256, errors: errors.length, codes },
      }),
    );
  }
}

function outcomeOf({ options }: Problem): ImportOutcome {
  const { errors, ...rest } = options.extra as unknown as ImportOutcome;
  const plain = errors.map(({ row, column, code, detail }) => ({
    ...{ row, code, detail },
    ...(column === undefined ? {} : { column }),
  }));
  return { ...rest, dryRun: true, errors: plain };
}

function fieldOf({ row, column }: Finding): string {
  return column === undefined ? `rows.${row}` : `rows.${row}.${column}`;
}

function labelOf(kind: string, period: string | null): string {
  return period === null ? kind : `${kind} ${period}`;
}

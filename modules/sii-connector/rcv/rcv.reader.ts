import { normalizeRut } from '#kernel';
import type { Book, Section } from '../document/document.entity.js';
import type { ImportKind } from '../import/import.entity.js';
import type { Findings } from '../import/import.findings.js';
import { copyLine } from '../ledger/staged.js';
import type { StagedDocument } from '../ledger/staged.js';
import { Cells } from './rcv.cells.js';
import { EXPORTS, KNOWN_TYPES, SUMMED_TYPES, TYPES } from './rcv.columns.js';
import { readHeader } from './rcv.header.js';
import type { RcvHeader } from './rcv.header.js';
import { RecordSplitter, Unreadable } from './record-splitter.js';
import type { CsvRecord } from './record-splitter.js';

/** The customer who needs not say who he is, and the one abroad. */
const FINAL_CONSUMER = '66666666-6';
const ABROAD = '55555555-5';
const MAX_OTHER_TAXES = 100;
/** Rows that continue a document are kept with it up to so many characters. */
const MAX_RAW = 60_000;

/** What is asked of a file. */
export interface RcvRequest {
  readonly kind: ImportKind;
  readonly period: string | null;
  readonly section: Section | null;
  /** RUT of the company. */
  readonly own: string;
}

/**
 * Reads a file of the RCV piece by piece and gives its documents as lines to copy. A document waits
 * until the next begins, for rows that continue it; nothing else is kept.
 */
export class RcvReader {
  /** Documents read. */
  documents = 0;
  /** Months in which documents were issued, `YYYYMM`. */
  readonly months = new Set<string>();
  hasSummaries = false;
  hasClaims = false;
  hasReferences = false;
  early = 0;
  /** Rows whose other side is the company itself, and the first of them. */
  ownRows = 0;
  firstOwnRow = 0;
  /** Types of a summary that are not taken from it. */
  readonly elsewhere = new Set<number>();
  header: RcvHeader | null = null;
  private readonly splitter = new RecordSplitter();
  private waiting: StagedDocument | null = null;
  private section: Section = 'REGISTRO';
  private book: Book = 'purchase';
  private unreadable = false;

  constructor(
    private readonly request: RcvRequest,
    private readonly findings: Findings,
  ) {}

  /** The section that was asked for, or that the columns show. */
  get sectionRead(): Section {
    return this.section;
  }

  /** Whether the file is a summary by types. */
  get isTotals(): boolean {
    return this.header?.isTotals ?? false;
  }

  /** Whether reading on makes no sense. */
  get isOver(): boolean {
    return this.unreadable || this.findings.isFull;
  }

  /** The lines of the documents that are whole after this piece of text. */
  push(piece: string): string {
    return this.read(this.splitter.push(piece));
  }

  /** The lines of the rest. */
  end(): string {
    const lines = this.read(this.splitter.end());
    if (this.header === null && !this.unreadable) this.findings.error('empty', { row: 0 });
    return lines + this.release();
  }

  private read(records: Iterable<CsvRecord>): string {
    let lines = '';
    try {
      for (const record of records) {
        if (this.isOver) break;
        if (this.header) lines += this.take(record, this.header);
        else this.begin(record);
      }
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.unreadable = true;
      this.findings.error(error.code, { row: error.row }, { limit: 32_768 });
    }
    return lines;
  }

  private begin(record: CsvRecord): void {
    const { kind, section: asked } = this.request;
    this.header = readHeader(record.fields, kind, this.findings);
    this.unreadable = this.header === null || this.findings.errors.length > 0;
    if (this.header?.isTotals && this.request.period === null) {
      this.findings.error('period-unknown', { row: 1 });
      this.unreadable = true;
    }
    const found = this.header?.section ?? null;
    const differs = asked !== null && found !== null && asked !== found;
    if (differs && [asked, found].includes('RECLAMADO')) {
      this.findings.error('section', { row: 1 }, { found, asked });
      this.unreadable = true;
    }
    this.section = asked ?? found ?? 'REGISTRO';
    this.book = kind === 'rcv-compra' ? 'purchase' : 'sale';
  }

  private take(record: CsvRecord, header: RcvHeader): string {
    const { fields, row, raw } = record;
    if (fields.length < header.columns) {
      const words = { fields: fields.length, columns: header.columns };
      this.findings.error('truncated', { row }, words);
      return '';
    }
    for (const [index, field] of fields.entries()) {
      const first = field.charCodeAt(0);
      const last = field.charCodeAt(field.length - 1);
      if (first <= 32 || last <= 32 || last === 160) fields[index] = field.trim();
    }
    const cells = new Cells(fields, row, header, this.findings);
    const isFurther = header.at.number !== undefined && cells.isEmpty('number');
    if (isFurther) {
      this.continue(cells, raw);
      return '';
    }
    const lines = this.release();
    const document = this.document(cells, raw);
    this.waiting = document;
    return lines;
  }

  /** A row without a number brings further taxes of the document before it. */
  private continue(cells: Cells, raw: string): void {
    const { waiting } = this;
    const isSame =
      waiting !== null &&
      (cells.isEmpty('dteType') || Number(cells.text('dteType')) === waiting.dteType) &&
      (cells.isEmpty('folio') || Number(cells.text('folio')) === waiting.folio) &&
      (cells.isEmpty('counterpartRut') ||
        normalizeRut(cells.text('counterpartRut')) === waiting.counterpartRut);
    // A faulty document waits no longer; what continues it is at fault with it.
    if (!isSame) {
      if (this.findings.errors.length === 0) {
        this.findings.error('continuation', { row: cells.row, column: 'Nro' });
      }
      return;
    }
    waiting.otherTaxes.push(...cells.otherTaxes());
    if (waiting.otherTaxes.length > MAX_OTHER_TAXES) {
      this.findings.error('continuation', { row: cells.row, column: 'Nro' });
      this.waiting = null;
      return;
    }
    const before = waiting.raw ?? '';
    if (before.length < MAX_RAW) waiting.raw = `${before}\n${raw}`;
  }

  private release(): string {
    const { waiting } = this;
    this.waiting = null;
    return waiting && this.findings.errors.length === 0 ? copyLine(waiting) : '';
  }

  /** @returns null when something is wrong with it */
  private document(cells: Cells, raw: string): StagedDocument | null {
    const faults = this.findings.errors.length;
    const dteType = cells.type();
    const { isTotals } = this;
    const documents = isTotals ? cells.count('documents') : 1;
    if (isTotals && dteType > 0 && !this.isTotal(dteType, documents)) return null;
    const folio = isTotals ? 0 : cells.folio(SUMMED_TYPES.has(dteType));
    const issueDate = isTotals ? lastDayOf(this.request.period ?? '') : cells.day('issueDate');
    const claimedAt = cells.moment('claimedAt');
    cells.admit(dteType);
    const document: StagedDocument = {
      row: cells.row,
      book: this.book,
      section: this.section,
      period: this.request.period,
      dteType,
      folio,
      documents,
      counterpartRut: cells.rut(fallbackRut(dteType)),
      counterpartName: cells.name('counterpartName'),
      issueDate,
      receivedAt: cells.moment('receivedAt'),
      acknowledgedAt: cells.moment('acknowledgedAt'),
      claimedAt,
      transactionType: cells.word('transactionType', TYPES),
      exempt: cells.pesos('exempt'),
      net: cells.pesos('net'),
      vat: cells.pesos('vat'),
      vatNonRecoverable: cells.pesos('vatNonRecoverable'),
      vatNonRecoverableCode: cells.digit('vatNonRecoverableCode'),
      vatCommonUse: cells.pesos('vatCommonUse'),
      fixedAssetNet: cells.pesos('fixedAssetNet'),
      fixedAssetVat: cells.pesos('fixedAssetVat'),
      taxWithoutCredit: cells.pesos('taxWithoutCredit'),
      vatNotWithheld: cells.pesos('vatNotWithheld'),
      vatWithheldTotal: cells.pesos('vatWithheldTotal'),
      vatWithheldPartial: cells.pesos('vatWithheldPartial'),
      vatLate: cells.pesos('vatLate'),
      total: cells.pesos('total'),
      otherTaxes: cells.otherTaxes(),
      details: cells.details(),
      correctsPurchaseInvoice: cells.flag('correctsPurchaseInvoice'),
      referenceType: cells.referenceType(),
      referenceFolio: cells.referenceFolio(),
      raw: cells.rawOf(raw),
    };
    this.count(document);
    return this.findings.errors.length === faults ? document : null;
  }

  /** Types with documents of their own come with the details; their totals are left out. */
  private isTotal(dteType: number, documents: number): boolean {
    if (SUMMED_TYPES.has(dteType)) return documents > 0;
    this.elsewhere.add(dteType);
    return false;
  }

  private count(document: StagedDocument): void {
    const { row, issueDate, folio, claimedAt, referenceType, dteType } = document;
    this.documents += 1;
    this.hasSummaries ||= folio === 0;
    this.hasClaims ||= claimedAt !== null || this.section === 'RECLAMADO';
    this.hasReferences ||= referenceType !== null;
    if (document.counterpartRut === this.request.own) {
      this.firstOwnRow ||= row;
      this.ownRows += 1;
    }
    if (!KNOWN_TYPES.has(dteType) && dteType > 0) {
      this.findings.warn('type-unknown', { row, column: 'Tipo Doc' }, { value: dteType });
    }
    if (issueDate === '') return;
    const month = issueDate.slice(0, 4) + issueDate.slice(5, 7);
    if (this.months.size < 1_200) this.months.add(month);
    const { period } = this.request;
    if (period === null) return;
    if (month > period) {
      const words = { value: issueDate, period };
      this.findings.error('date-after-period', { row, column: 'Fecha Docto' }, words);
    }
    if (month < period && this.book === 'sale') this.early += 1;
  }
}

function lastDayOf(period: string): string {
  const last = new Date(Date.UTC(Number(period.slice(0, 4)), Number(period.slice(4)), 0));
  return last.toISOString().slice(0, 10);
}

function fallbackRut(dteType: number): string | null {
  if (EXPORTS.has(dteType)) return ABROAD;
  return SUMMED_TYPES.has(dteType) ? FINAL_CONSUMER : null;
}

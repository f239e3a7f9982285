import { normalizeRut } from '#kernel';
import type { OtherTax } from '../document/document.entity.js';
import type { Findings } from '../import/import.findings.js';
import { CREDIT_NOTES, plain, SETTLEMENTS, TEXT_DETAILS } from './rcv.columns.js';
import type { RcvColumn } from './rcv.columns.js';
import type { RcvHeader } from './rcv.header.js';
import { isBlank, readDay, readMoment, readPesos, readRate } from './rcv.values.js';

/** The fields of one row, read by what their column means; what does not fit is a fault. */
export class Cells {
  private negative: 'fault' | 'note' | 'allowed' = 'fault';

  constructor(
    private readonly fields: readonly string[],
    readonly row: number,
    private readonly header: RcvHeader,
    private readonly findings: Findings,
  ) {}

  /** Whose amounts may be negative. */
  admit(dteType: number): void {
    if (SETTLEMENTS.has(dteType)) this.negative = 'allowed';
    else this.negative = CREDIT_NOTES.has(dteType) ? 'note' : 'fault';
  }

  text(column: RcvColumn): string {
    const index = this.header.at[column];
    return index === undefined ? '' : (this.fields[index] ?? '');
  }

  isEmpty(column: RcvColumn): boolean {
    return isBlank(this.text(column));
  }

  type(): number {
    const text = this.text('dteType');
    // A summary writes `Boleta Electronica (39)`.
    const known = Number(/^(?:[^()]*\()?(\d{1,3})\)?$/.exec(text)?.[1] ?? 0);
    if (known === 0) this.fault('type', 'dteType', text);
    return known;
  }

  folio(mayLack: boolean): number {
    const text = this.text('folio');
    if (mayLack && (isBlank(text) || /^0+$/.test(text))) return 0;
    if (/^\d{1,10}$/.test(text) && Number(text) > 0) return Number(text);
    this.fault('folio', 'folio', text);
    return 0;
  }

  count(column: RcvColumn): number {
    const text = this.text(column);
    const count = readPesos(isBlank(text) ? '0' : text);
    if (count === null || count < 0) this.fault('number', column, text);
    return count ?? 0;
  }

  rut(fallback: string | null): string {
    const text = this.text('counterpartRut');
    if (isBlank(text) && fallback !== null) return fallback;
    const rut = normalizeRut(text);
    if (rut === null) this.fault('rut', 'counterpartRut', text);
    return rut ?? '';
  }

  name(column: RcvColumn): string | null {
    const text = this.text(column);
    if (isBlank(text)) return null;
    this.demandStorable(text, column);
    return text.slice(0, 200).toWellFormed();
  }

  rawOf(raw: string): string {
    if (!isStorable(raw)) this.findings.error('text', { row: this.row });
    return raw;
  }

  day(column: RcvColumn): string {
    const text = this.text(column);
    const day = readDay(text);
    if (day === null) this.fault('date', column, text);
    return day ?? '';
  }

  moment(column: RcvColumn): string | null {
    const text = this.text(column);
    if (isBlank(text)) return null;
    const moment = readMoment(text);
    if (moment === null) this.fault('date', column, text);
    return moment;
  }

  word<W>(column: RcvColumn, words: Readonly<Record<string, W>>): W | null {
    const text = this.text(column);
    if (isBlank(text)) return null;
    const key = plain(text);
    const word = Object.hasOwn(words, key) ? words[key] : undefined;
    if (word === undefined) this.fault('word', column, text);
    return word ?? null;
  }

  digit(column: RcvColumn): number | null {
    const text = this.text(column);
    if (isBlank(text) || text === '0') return null;
    if (!/^[1-9]$/.test(text)) this.fault('number', column, text);
    return Number(text);
  }

  flag(column: RcvColumn): boolean {
    const text = this.text(column);
    return !(isBlank(text) || text === '0' || plain(text) === 'no');
  }

  /** A folio, or a text where several are named. */
  referenceFolio(): string | null {
    return this.name('referenceFolio')?.replace(/^0+(?=\d+$)/, '') ?? null;
  }

  referenceType(): number | null {
    const text = this.text('referenceType');
    return /^\d{1,3}$/.test(text) && Number(text) > 0 ? Number(text) : null;
  }

  pesos(column: RcvColumn): number {
    const text = this.text(column);
    if (isBlank(text) || text === '0') return 0;
    const amount = readPesos(text);
    if (amount === null) {
      this.fault('amount', column, text);
      return 0;
    }
    return amount < 0 ? this.negativeOf(amount, column) : amount;
  }

  otherTaxes(): OtherTax[] {
    const taxes: OtherTax[] = [];
    const { otherTaxes, columns } = this.header;
    for (const index of otherTaxes) this.takeTax(taxes, index);
    // Rows of documents with several taxes may go on in threes beyond the header.
    if (this.fields.length > columns + 2 && otherTaxes.at(-1) === columns - 3) {
      for (let index = columns; index + 1 < this.fields.length; index += 3) {
        this.takeTax(taxes, index);
      }
    }
    return taxes;
  }

  details(): Record<string, string | number> | null {
    let details: Record<string, string | number> | null = null;
    for (const { name, at } of this.header.details) {
      const text = this.fields[at] ?? '';
      if (isBlank(text) || text === '0') continue;
      details ??= {};
      const amount = TEXT_DETAILS.includes(name) ? null : readPesos(text);
      details[name] = amount ?? text.slice(0, 100).toWellFormed();
    }
    return details;
  }

  private takeTax(taxes: OtherTax[], index: number): void {
    const code = this.fields[index] ?? '';
    if (isBlank(code) || code === '0') return;
    const amount = this.fields[index + 1] ?? '';
    const rate = this.fields[index + 2] ?? '';
    const pesos = isBlank(amount) ? 0 : readPesos(amount);
    if (!/^\d{1,4}$/.test(code)) this.fault('number', 'otherTaxCode', code);
    else if (pesos === null) this.fault('amount', 'otherTaxAmount', amount);
    else taxes.push({ code: Number(code), amount: Math.abs(pesos), rate: readRate(rate) });
  }

  private negativeOf(amount: number, column: RcvColumn): number {
    if (this.negative === 'allowed') return amount;
    const at = { row: this.row, column: this.nameOf(column) };
    if (this.negative === 'fault') {
      this.findings.error('amount-negative', at, { value: amount });
      return 0;
    }
    this.findings.warn('credit-note-negative', at, { value: amount });
    return -amount;
  }

  private demandStorable(text: string, column: RcvColumn): void {
    if (!isStorable(text)) this.fault('text', column, text);
  }

  private fault(code: Parameters<Findings['error']>[0], column: RcvColumn, value: string): void {
    this.findings.error(code, { row: this.row, column: this.nameOf(column) }, { value });
  }

  private nameOf(column: RcvColumn): string {
    const index = this.header.at[column];
    return index === undefined ? column : (this.header.names[index] ?? column);
  }
}

// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/;

function isStorable(text: string): boolean {
  return !CONTROLS.test(text);
}

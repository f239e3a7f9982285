/** No row of an RCV comes near; what is longer is an unclosed quote or no RCV. */
const MAX_RECORD = 32_768;

/** A field in quotes may hold line ends; no more than these. */
const MAX_LINES = 20;

/** A record of a delimited file. */
export interface CsvRecord {
  readonly fields: string[];
  /** The line of the file that it begins in, from 1. */
  readonly row: number;
  readonly raw: string;
}

/** What ends the reading: a record that cannot be told from the next. */
export class Unreadable extends Error {
  constructor(
    readonly code: 'quote-unclosed' | 'record-too-long',
    readonly row: number,
  ) {
    super(`${code} in row ${row}`);
  }
}

/**
 * Splits text that comes in pieces into records of delimited fields (RFC 4180 §2). A quote counts
 * at the beginning of a field only, so that a name with quotes in it stays what it is. It keeps no
 * more than one record, however long the text.
 */
export class RecordSplitter {
  private rest = '';
  private row = 0;

  constructor(private delimiter: string | null = null) {}

  /** The records that end in this piece. @throws Unreadable */
  *push(piece: string): Generator<CsvRecord> {
    const text = this.rest + piece;
    let start = 0;
    let quote = text.indexOf('"');
    for (;;) {
      if (quote >= 0 && quote < start) quote = text.indexOf('"', start);
      const end = this.endOf(text, start, quote);
      if (end < 0) break;
      const record = this.take(text.slice(start, end));
      start = end + 1;
      if (record) yield record;
    }
    this.rest = text.slice(start);
    if (this.rest.length > MAX_RECORD) this.giveUp(this.rest);
  }

  /** The last record, where the text does not end with a line's end. @throws Unreadable */
  *end(): Generator<CsvRecord> {
    const { rest } = this;
    this.rest = '';
    if (rest === '') return;
    if (this.endOf(`${rest}\n`, 0, rest.indexOf('"')) < 0) this.giveUp(rest);
    const record = this.take(rest);
    if (record) yield record;
  }

  /** Where the line ends that ends the record beginning at `start`; -1 when it is not there yet. */
  private endOf(text: string, start: number, quote: number): number {
    const newline = text.indexOf('\n', start);
    if (newline < 0) return -1;
    if (newline - start > MAX_RECORD) this.giveUp(text.slice(start, newline));
    if (quote < 0 || quote > newline) return newline;
    let from = start;
    for (let lines = 0; ; lines += 1) {
      const end = text.indexOf('\n', from);
      if (end < 0) return -1;
      const record = text.slice(start, end);
      if (this.split(record) !== null) return end;
      if (end - start > MAX_RECORD || lines > MAX_LINES) this.giveUp(record);
      from = end + 1;
    }
  }

  /** The next record says again what delimits it. */
  forgetDelimiter(): void {
    this.delimiter = null;
  }

  private take(record: string): CsvRecord | null {
    const row = this.row + 1;
    this.row += 1 + countOf(record, '\n');
    const raw = record.endsWith('\r') ? record.slice(0, -1) : record;
    if (raw === '' || raw.trim() === '') return null;
    this.delimiter ??= delimiterOf(raw);
    const fields = raw.includes('"') ? this.split(raw) : raw.split(this.delimiter);
    if (fields === null) throw new Unreadable('quote-unclosed', row);
    return fields.every((field) => field === '') ? null : { fields, row, raw };
  }

  /** @returns null when a quote is open at the end */
  private split(record: string): string[] | null {
    const delimiter = this.delimiter ?? delimiterOf(record);
    const fields: string[] = [];
    let at = 0;
    for (;;) {
      const quoted = record[at] === '"' ? quotedField(record, at, delimiter) : undefined;
      if (quoted === null) return null;
      if (quoted) {
        fields.push(quoted.value);
        at = quoted.end;
      } else {
        const end = record.indexOf(delimiter, at);
        fields.push(record.slice(at, end < 0 ? undefined : end));
        at = end < 0 ? record.length : end;
      }
      if (at >= record.length) return fields;
      at += 1;
      if (at === record.length) return [...fields, ''];
    }
  }

  private giveUp(record: string): never {
    const code = this.split(record) === null ? 'quote-unclosed' : 'record-too-long';
    throw new Unreadable(code, this.row + 1);
  }
}

/**
 * A field in quotes, and where it ends. Undefined when what follows the closing quote shows that the
 * quotes are part of the text (`"El Sol" Ltda`); null when they never close.
 */
function quotedField(
  record: string,
  start: number,
  delimiter: string,
): { value: string; end: number } | null | undefined {
  let value = '';
  let at = start + 1;
  for (;;) {
    const quote = record.indexOf('"', at);
    if (quote < 0) return null;
    value += record.slice(at, quote);
    if (record[quote + 1] === '"') {
      value += '"';
      at = quote + 2;
      continue;
    }
    const next = record[quote + 1];
    if (next === undefined || next === delimiter || next === '\r') return { value, end: quote + 1 };
    return undefined;
  }
}

/** What stands most often in the header. */
function delimiterOf(header: string): string {
  const counted = [';', ',', '\t'].map((each) => ({ each, count: countOf(header, each) }));
  counted.sort((a, b) => b.count - a.count);
  return counted[0]?.count ? counted[0].each : ';';
}

function countOf(text: string, what: string): number {
  let count = 0;
  for (let at = text.indexOf(what); at >= 0; at = text.indexOf(what, at + 1)) count += 1;
  return count;
}

import { normalizeRut } from '#kernel';
import type { Findings } from '../import/import.findings.js';
import type { Asked } from '../import/import.reading.js';
import { plain } from '../rcv/rcv.columns.js';
import { isBlank, readDay, readPesos } from '../rcv/rcv.values.js';
import { RecordSplitter, Unreadable } from '../rcv/record-splitter.js';
import type { CsvRecord } from '../rcv/record-splitter.js';
import type { FeeKind } from './fee.entity.js';

/** A report of a month holds some hundreds; what is more is none. */
const MAX_FEES = 20_000;
/** Lines of title may stand above the header. */
const MAX_TITLE_LINES = 20;

/** A fee as the report of received boletas tells it. */
export interface ReadFee {
  readonly row: number;
  readonly period: string;
  readonly kind: FeeKind;
  readonly number: number;
  readonly issuerRut: string;
  readonly issuerName: string | null;
  readonly issueDate: string;
  readonly paidOn: string | null;
  readonly voided: boolean;
  readonly gross: number;
  readonly withheld: number;
  readonly net: number;
  readonly raw: string;
}

/**
 * What columns are called. The report as people download it was not seen; the second half of each
 * list are names that others read in it, among them a RUT in two columns, a withholding of the
 * issuer beside that of the receiver, and a state that says S where a boleta was voided.
 */
const COLUMNS = {
  number: ['nro', 'n', 'no', 'numero', 'nboleta', 'nroboleta', 'numeroboleta', 'folio', 'boleta'],
  issueDate: ['fecha', 'fechaemision', 'fechaboleta', 'fechaemisionboleta'],
  state: ['estado', 'situacion', 'estadoboleta', 'anulada'],
  voidedOn: ['fechaanulacion', 'fechadeanulacion'],
  paidOn: ['fechapago', 'fechadepago'],
  issuerRut: ['rut', 'rutemisor', 'rutdelemisor', 'rutprestador', 'rutcontribuyente'],
  issuerCheck: ['dv', 'dvemisor', 'dvprestador', 'digitoverificador'],
  issuerName: [
    ...['nombreorazonsocial', 'razonsocial', 'nombre', 'nombreemisor', 'emisor'],
    ...['razonsocialemisor', 'nombreprestador'],
  ],
  gross: [
    ...['brutos', 'bruto', 'honorariobruto', 'honorariosbrutos', 'montobruto', 'totalhonorarios'],
    ...['honorarios', 'montohonorarios', 'montototalbruto'],
  ],
  withheld: [
    ...['retenido', 'retencion', 'retenciones', 'retenciondeterceros', 'retencionterceros'],
    ...['retencionreceptor', 'montoretenido', 'montoretencion', 'impuestoretenido'],
  ],
  // What the issuer pays itself is none of the company's.
  issuerWithheld: ['retencionemisor'],
  net: [
    ...['pagado', 'liquido', 'montopagado', 'honorarioliquido', 'totalpagado', 'montoliquido'],
    ...['honorariosliquidos', 'totalapagar', 'netopagado'],
  ],
  kind: ['tipo', 'tipodocumento', 'tipoboleta'],
} as const satisfies Record<string, readonly string[]>;
type FeeColumn = keyof typeof COLUMNS;

const REQUIRED: Readonly<Partial<Record<FeeColumn, string>>> = {
  ...{ number: 'N° Boleta', issueDate: 'Fecha', issuerRut: 'Rut Emisor', gross: 'Brutos' },
  withheld: 'Retenido',
};

/** Reads a report of boletas de honorarios received, whatever its titles and the order of its columns. */
export class FeeReader {
  readonly fees: ReadFee[] = [];
  private readonly splitter = new RecordSplitter();
  private at: Partial<Record<FeeColumn, number>> | null = null;
  private names: readonly string[] = [];
  private titles = 0;
  private unreadable = false;

  constructor(
    private readonly asked: Asked,
    private readonly findings: Findings,
  ) {}

  get isOver(): boolean {
    return this.unreadable || this.findings.isFull;
  }

  push(piece: string): void {
    this.read(() => this.splitter.push(piece));
  }

  end(): void {
    this.read(() => this.splitter.end());
    if (this.at === null && !this.unreadable) this.refuse();
  }

  private read(records: () => Iterable<CsvRecord>): void {
    try {
      for (const record of records()) {
        if (this.isOver) return;
        if (this.at) this.take(record, this.at);
        else this.look(record);
      }
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.unreadable = true;
      this.findings.error(error.code, { row: error.row }, { limit: 32_768 });
    }
  }

  private look({ fields, row }: CsvRecord): void {
    const words = fields.map((field) => plain(field.trim()));
    const at: Partial<Record<FeeColumn, number>> = {};
    for (const [column, spellings] of Object.entries(COLUMNS)) {
      const index = words.findIndex((word) => (spellings as readonly string[]).includes(word));
      if (index >= 0) at[column as FeeColumn] = index;
    }
    const isHeader = at.issuerRut !== undefined && (at.gross ?? at.withheld) !== undefined;
    if (!isHeader) {
      this.titles += 1;
      // The delimiter is that of the header, and a title has none.
      this.splitter.forgetDelimiter();
      if (this.titles > MAX_TITLE_LINES) this.refuse();
      return;
    }
    for (const [column, name] of Object.entries(REQUIRED)) {
      if (at[column as FeeColumn] === undefined) {
        this.findings.error('column-missing', { row, column: name }, { name });
      }
    }
    this.unreadable = this.findings.errors.length > 0;
    this.at = at;
    this.names = fields.map((field) => field.trim());
  }

  private refuse(): void {
    this.unreadable = true;
    const expected = 'boletas de honorarios recibidas';
    this.findings.error('not-rcv', { row: 1 }, { expected });
  }

  private take(record: CsvRecord, at: Partial<Record<FeeColumn, number>>): void {
    const { row, raw } = record;
    const cell = (column: FeeColumn): string => {
      const index = at[column];
      return index === undefined ? '' : (record.fields[index] ?? '').trim();
    };
    // The report ends with its sums, beside which there is neither a number nor a RUT.
    if (isBlank(cell('number')) && isBlank(cell('issuerRut'))) return;
    const before = this.findings.errors.length;
    const issueDate = this.day('issueDate', cell('issueDate'), row);
    const paid = cell('paidOn');
    const paidOn = isBlank(paid) ? null : this.day('paidOn', paid, row);
    const [gross, withheld] = [this.pesos('gross', cell, row), this.pesos('withheld', cell, row)];
    const net = gross - withheld;
    const paidOut = at.net === undefined ? net : this.pesos('net', cell, row);
    const byIssuer = at.issuerWithheld === undefined ? 0 : this.pesos('issuerWithheld', cell, row);
    if (paidOut !== net && paidOut !== net - byIssuer) {
      this.findings.error('honorarios-amounts', { row }, { gross, withheld, net: paidOut });
    }
    const fee: ReadFee = {
      ...{ row, raw, issueDate, paidOn, gross, withheld, net },
      period: this.asked.period ?? monthOf(paidOn ?? issueDate),
      kind: /terceros|^bte$/.test(plain(cell('kind'))) ? 'BTE' : 'BHE',
      number: this.number(cell('number'), row),
      issuerRut: this.rut(withCheck(cell('issuerRut'), cell('issuerCheck')), row),
      issuerName: isBlank(cell('issuerName'))
        ? null
        : cell('issuerName').slice(0, 200).toWellFormed(),
      voided: /^(anul|nul|si?$)/.test(plain(cell('state'))) || !isBlank(cell('voidedOn')),
    };
    // oxlint-disable-next-line no-control-regex
    if (/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(raw)) this.findings.error('text', { row });
    if (this.findings.errors.length > before) return;
    if (this.fees.length >= MAX_FEES) {
      this.unreadable = true;
      this.findings.error('too-many', { row }, { limit: MAX_FEES });
      return;
    }
    this.fees.push(fee);
  }

  private day(column: FeeColumn, text: string, row: number): string {
    const day = readDay(text.split(' ')[0] ?? '');
    if (day === null) this.fault('date', column, row, text);
    return day ?? '';
  }

  private pesos(column: FeeColumn, cell: (column: FeeColumn) => string, row: number): number {
    const text = cell(column).replace(/^\$\s*/, '');
    const amount = isBlank(text) ? 0 : readPesos(text);
    if (amount === null || amount < 0) this.fault('amount', column, row, text);
    return amount ?? 0;
  }

  private number(text: string, row: number): number {
    const isNumber = /^\d{1,10}$/.test(text) && Number(text) > 0;
    if (!isNumber) this.fault('folio', 'number', row, text);
    return Number(text);
  }

  private rut(text: string, row: number): string {
    const rut = normalizeRut(text);
    if (rut === null) this.fault('rut', 'issuerRut', row, text);
    return rut ?? '';
  }

  private fault(
    code: Parameters<Findings['error']>[0],
    column: FeeColumn,
    row: number,
    value: string,
  ): void {
    const name = this.names[this.at?.[column] ?? -1] ?? column;
    this.findings.error(code, { row, column: name }, { value });
  }
}

function monthOf(day: string): string {
  return day.slice(0, 4) + day.slice(5, 7);
}

/** A RUT whose check character stands in a column of its own. */
function withCheck(rut: string, check: string): string {
  return isBlank(check) || rut.includes('-') ? rut : `${rut}-${check}`;
}

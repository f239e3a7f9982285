import { currentContext } from '#kernel';
import type { Finding } from './import.entity.js';

type Words = Readonly<Record<string, string | number>>;
type Sentence = { readonly es: string; readonly en: string };

/** At most so many faults, and so many warnings, are told of a file. */
export const MAX_FINDINGS = 100;

/** What can be wrong, or odd, with a file or a row of it; `{name}` is filled in. */
const SENTENCES = {
  amount: {
    es: '«{value}» no es un monto en pesos enteros',
    en: '"{value}" is no amount of whole pesos',
  },
  'amount-negative': {
    es: 'un monto negativo en un documento que no lo admite: {value}',
    en: 'a negative amount in a document that has none: {value}',
  },
  'amounts-differ': {
    es: 'los montos del DTE (total {dte}) difieren de los del RCV (total {rcv}), que valen',
    en: 'the amounts of the DTE (total {dte}) differ from those of the RCV (total {rcv}), which count',
  },
  changed: {
    es: 'documentos que ya estaban, con otro contenido: {count}; vale el de este archivo',
    en: 'documents that were there, with other content: {count}; that of this file counts',
  },
  'column-missing': { es: 'falta la columna «{name}»', en: 'the column "{name}" is missing' },
  'column-repeated': {
    es: 'la columna «{name}» está repetida',
    en: 'the column "{name}" stands twice',
  },
  'column-unknown': {
    es: 'la columna «{name}» no se conoce; su contenido queda sólo en la fila guardada',
    en: 'the column "{name}" is not known; what it holds stays in the stored row only',
  },
  continuation: {
    es: 'la fila sin Nro no continúa el documento anterior',
    en: 'the row without Nro does not continue the document before it',
  },
  'credit-note-negative': {
    es: 'nota de crédito con monto negativo {value}; se guarda positivo',
    en: 'credit note with a negative amount {value}; stored as a positive one',
  },
  date: { es: '«{value}» no es una fecha dd/mm/aaaa', en: '"{value}" is no date dd/mm/yyyy' },
  'date-after-period': {
    es: 'la fecha {value} es posterior al período {period}',
    en: 'the date {value} is after the period {period}',
  },
  'date-before-period': {
    es: 'ventas con fecha anterior al período {period}: {count}',
    en: 'sales dated before the period {period}: {count}',
  },
  duplicate: {
    es: 'el documento {document} ya está en la fila {other} con otro contenido',
    en: 'the document {document} is in row {other} already, with other content',
  },
  'duplicate-same': {
    es: 'filas repetidas, iguales hasta el peso: {count}; cada documento cuenta una vez',
    en: 'repeated rows, the same to the peso: {count}; each document counts once',
  },
  encoding: {
    es: 'el archivo no es texto en UTF-8 ni en windows-1252',
    en: 'the file is no text in UTF-8 or windows-1252',
  },
  empty: { es: 'el archivo está vacío', en: 'the file is empty' },
  'file-name': {
    es: 'el nombre del archivo dice {told}, y se pidió {asked}',
    en: 'the name of the file says {told}, and {asked} was asked for',
  },
  folio: {
    es: '«{value}» no es un folio (1 a 9999999999)',
    en: '"{value}" is no folio (1 to 9999999999)',
  },
  'honorarios-amounts': {
    es: 'bruto {gross} menos retención {withheld} no da el pagado {net}',
    en: 'gross {gross} less withholding {withheld} is not what is paid, {net}',
  },
  'imported-elsewhere': {
    es: 'otra empresa ya importó este mismo archivo; si es de ésta, impórtelo con mine=true',
    en: 'another company imported this very file; if it is of this one, import it with mine=true',
  },
  'own-counterpart': {
    es: 'filas cuya contraparte es la propia empresa {own}: {count}; ¿es el archivo de otra? Si no, mine=true',
    en: 'rows whose other side is the company itself, {own}: {count}; is the file another one’s? If not, mine=true',
  },
  'sales-of-another': {
    es: 'folios que esta empresa ya emitió a otros clientes: {count}; ¿es el archivo de otra? Si no, mine=true',
    en: 'folios that this company issued to other customers: {count}; is the file another one’s? If not, mine=true',
  },
  'not-rcv': {
    es: 'la primera fila no es un encabezado de {expected}',
    en: 'the first row is no header of {expected}',
  },
  nul: { es: 'el archivo contiene bytes NUL', en: 'the file holds NUL bytes' },
  number: { es: '«{value}» no es un número', en: '"{value}" is no number' },
  'other-company': {
    es: 'es de otra empresa: {rut}, y ésta es {own}',
    en: 'it is of another company: {rut}, and this one is {own}',
  },
  'other-kind': {
    es: 'el archivo es de {found}, y se pidió {asked}',
    en: 'the file is of {found}, and {asked} was asked for',
  },
  'period-unknown': {
    es: 'el archivo no dice su período; indíquelo con period=AAAAMM',
    en: 'the file does not tell its period; say it with period=YYYYMM',
  },
  'quote-unclosed': {
    es: 'unas comillas se abren y no se cierran',
    en: 'a quote is opened and never closed',
  },
  'record-too-long': {
    es: 'la fila tiene más de {limit} caracteres',
    en: 'the row has more than {limit} characters',
  },
  rut: { es: '«{value}» no es un RUT válido', en: '"{value}" is no valid RUT' },
  section: {
    es: 'el archivo es de la sección {found}, y se pidió {asked}',
    en: 'the file is of the section {found}, and {asked} was asked for',
  },
  'signature-invalid': {
    es: 'la firma electrónica no es válida: {why}',
    en: 'the electronic signature is not valid: {why}',
  },
  'signature-missing': {
    es: 'el documento no está firmado',
    en: 'the document is not signed',
  },
  text: {
    es: 'contiene caracteres de control',
    en: 'holds control characters',
  },
  'summed-elsewhere': {
    es: 'tipos de documento que se importan con el detalle, no con el resumen: {types}',
    en: 'types of documents that are imported with the details, not with the summary: {types}',
  },
  'summed-twice': {
    es: 'el período ya tiene el tipo {type}, en total o día por día: contaría dos veces',
    en: 'the period has the type {type} already, in total or day by day: it would count twice',
  },
  'too-many': {
    es: 'hay más; se muestran los primeros {limit}',
    en: 'there are more; the first {limit} are shown',
  },
  truncated: {
    es: 'la fila tiene {fields} campos y el encabezado {columns}: ¿archivo cortado?',
    en: 'the row has {fields} fields and the header {columns}: is the file cut off?',
  },
  type: {
    es: '«{value}» no es un tipo de documento que se pueda importar así',
    en: '"{value}" is no type of document that is imported so',
  },
  'type-unknown': {
    es: 'tipo de documento {value} desconocido; se guarda tal cual',
    en: 'unknown type of document {value}; stored as it is',
  },
  word: { es: '«{value}» no se conoce en esta columna', en: '"{value}" is not known here' },
  xml: { es: 'el XML no se puede leer: {why}', en: 'the XML cannot be read: {why}' },
  'xml-doctype': {
    es: 'el XML trae DOCTYPE o entidades, que no se admiten',
    en: 'the XML has a DOCTYPE or entities, which are refused',
  },
  'xml-element': { es: 'falta el elemento {name}', en: 'the element {name} is missing' },
  'xml-limit': {
    es: 'el XML supera el límite de {limit} {what}',
    en: 'the XML exceeds the limit of {limit} {what}',
  },
} as const satisfies Record<string, Sentence>;

export type FindingCode = keyof typeof SENTENCES;

/** A finding in the words of the context's language. */
function finding(
  code: FindingCode,
  at: { readonly row: number; readonly column?: string },
  words: Words = {},
): Finding {
  const { row, column } = at;
  const sentence: Sentence = SENTENCES[code];
  const text = sentence[currentContext()?.language ?? 'es'];
  const detail = text.replaceAll(/\{(\w+)\}/g, (_, name: string) => shown(words[name]));
  return { row, ...(column === undefined ? {} : { column: shown(column) }), code, detail };
}

/** What a file says may be long, or unfit to be stored and shown. */
function shown(word: string | number | undefined): string {
  const text = String(word ?? '');
  // oxlint-disable-next-line no-control-regex
  const clean = text.replaceAll(/[\x00-\x1f\x7f]/g, '·').toWellFormed();
  return clean.length > 60 ? `${clean.slice(0, 60)}…` : clean;
}

/** The faults and warnings of a file as they are found, each at most so many. */
export class Findings {
  readonly errors: Finding[] = [];
  readonly warnings: Finding[] = [];

  /** Whether so many faults were found that looking for more makes no sense. */
  get isFull(): boolean {
    return this.errors.length > MAX_FINDINGS;
  }

  error(code: FindingCode, at: { row: number; column?: string }, words?: Words): void {
    this.add(this.errors, code, at, words);
  }

  warn(code: FindingCode, at: { row: number; column?: string }, words?: Words): void {
    this.add(this.warnings, code, at, words);
  }

  /** What is a fault until a person has said that the file is of this company. */
  doubt(
    code: FindingCode,
    at: { row: number; column?: string },
    words: Words,
    isMine: boolean,
  ): void {
    if (isMine) this.warn(code, at, words);
    else this.error(code, at, words);
  }

  private add(
    to: Finding[],
    code: FindingCode,
    at: { row: number; column?: string },
    words?: Words,
  ): void {
    if (to.length < MAX_FINDINGS) to.push(finding(code, at, words));
    else if (to.length === MAX_FINDINGS) {
      to.push(finding('too-many', { row: at.row }, { limit: MAX_FINDINGS }));
    }
  }
}

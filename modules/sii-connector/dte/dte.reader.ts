import { normalizeRut } from '#kernel';
import type { OtherTax, TransactionType } from '../document/document.entity.js';
import type { Findings } from '../import/import.findings.js';
import type { Asked } from '../import/import.reading.js';
import type { StagedDocument } from '../ledger/staged.js';
import { readDay, readPesos, readRate } from '../rcv/rcv.values.js';
import { child, childrenOf, MAX_DTES, textAt } from './dte.xml.js';
import type { Element } from './dte.xml.js';

/** Types of electronic documents that the ledger takes; 52, guía de despacho, is declared nowhere. */
const DTE_TYPES: ReadonlySet<number> = new Set([
  ...[33, 34, 39, 41, 43, 46, 52, 56, 61, 110, 111, 112],
]);

const BOLETAS: ReadonlySet<number> = new Set([39, 41]);
const EXPORTS: ReadonlySet<number> = new Set([110, 111, 112]);
const FACTURA_DE_COMPRA = 46;
const PESO = 'PESO CL';
const BODIES = ['Documento', 'Liquidacion', 'Exportaciones'];

/**
 * TpoTranCompra and TpoTranVenta of the format of electronic documents. The schema allows a fourth
 * kind of sale, of which other readers only know that it stands in credit notes: it is taken as none.
 */
const BOUGHT: ReadonlyMap<string, TransactionType> = new Map([
  ...([
    ['1', 'DEL_GIRO'],
    ['2', 'SUPERMERCADO'],
    ['3', 'BIENES_RAICES'],
  ] as const),
  ...([
    ['4', 'ACTIVO_FIJO'],
    ['5', 'IVA_USO_COMUN'],
    ['6', 'IVA_NO_RECUPERABLE'],
  ] as const),
  ['7', 'NO_INCLUIR'],
]);
const SOLD: ReadonlyMap<string, TransactionType> = new Map([
  ...([
    ['1', 'DEL_GIRO'],
    ['2', 'ACTIVO_FIJO'],
    ['3', 'BIENES_RAICES'],
  ] as const),
]);

/** The documents of an envelope, of a set, or one alone. */
export function documentsOf(root: Element, asked: Asked, findings: Findings): StagedDocument[] {
  const set =
    child(root, 'EnvioDTE', 'SetDTE') ??
    child(root, 'EnvioBOLETA', 'SetDTE') ??
    child(root, 'SetDTE');
  const all = childrenOf(set ?? root, 'DTE');
  if (all.length === 0) findings.error('xml-element', { row: 0 }, { name: 'DTE' });
  if (all.length > MAX_DTES) {
    findings.error('xml-limit', { row: 0 }, { limit: MAX_DTES, what: 'DTE' });
    return [];
  }
  const documents: StagedDocument[] = [];
  for (const [index, dte] of all.entries()) {
    if (findings.isFull) break;
    const read =
      typeof dte === 'object' ? new DteReader(dte, index + 1, asked, findings).read() : null;
    if (read) documents.push(read);
  }
  return documents;
}

/** One DTE as a document of the ledger. */
class DteReader {
  private readonly header: Element | undefined;
  private readonly totals: Element | undefined;
  private readonly body: Element | undefined;
  private type = 0;

  constructor(
    dte: Element,
    private readonly row: number,
    private readonly asked: Asked,
    private readonly findings: Findings,
  ) {
    const bodies = BODIES.flatMap((name) => childrenOf(dte, name));
    const [body] = bodies;
    // Which of two a signature covers could not be told.
    this.body = bodies.length === 1 && typeof body === 'object' ? body : undefined;
    this.header = child(this.body, 'Encabezado');
    this.totals = child(this.header, 'Totales');
  }

  read(): StagedDocument | null {
    const before = this.findings.errors.length;
    if (!this.header || !this.totals) {
      const name = this.header ? 'Totales' : 'Encabezado';
      this.findings.error('xml-element', { row: this.row }, { name });
      return null;
    }
    const id = child(this.header, 'IdDoc');
    this.type = this.typeOf(textAt(id, 'TipoDTE'));
    const sides = this.sides();
    const issueDate = this.day(textAt(id, 'FchEmis'));
    if (this.findings.errors.length > before || !sides) return null;
    const isBought = sides.book === 'purchase';
    const code = textAt(id, isBought ? 'TpoTranCompra' : 'TpoTranVenta');
    const transactionType = (isBought ? BOUGHT : SOLD).get(code) ?? null;
    const document: StagedDocument = {
      ...NOTHING,
      ...sides,
      ...this.reference(),
      ...this.amounts(isBought ? transactionType : null),
      row: this.row,
      section: this.asked.section ?? 'REGISTRO',
      period: this.asked.period ?? issueDate.slice(0, 4) + issueDate.slice(5, 7),
      dteType: this.type,
      folio: this.folio(textAt(id, 'Folio')),
      issueDate,
      transactionType,
    };
    return this.findings.errors.length === before ? document : null;
  }

  /** Whose document it is: a factura de compra is issued by who buys. */
  private sides(): Pick<StagedDocument, 'book' | 'counterpartRut' | 'counterpartName'> | null {
    const issuer = child(this.header, 'Emisor');
    const receiver = child(this.header, 'Receptor');
    const from = this.rut(textAt(issuer, 'RUTEmisor'), 'RUTEmisor', null);
    const to = this.rut(textAt(receiver, 'RUTRecep'), 'RUTRecep', this.unnamed());
    if (from === null || to === null) return null;
    const isIssuer = from === this.asked.own;
    if (!isIssuer && to !== this.asked.own) {
      const words = { rut: `${from} → ${to}`, own: this.asked.own };
      this.findings.error('other-company', { row: this.row }, words);
      return null;
    }
    const sells = this.type === FACTURA_DE_COMPRA ? !isIssuer : isIssuer;
    const issued = textAt(issuer, 'RznSoc') || textAt(issuer, 'RznSocEmisor');
    const name = isIssuer ? textAt(receiver, 'RznSocRecep') : issued;
    return {
      book: sells ? 'sale' : 'purchase',
      counterpartRut: isIssuer ? to : from,
      counterpartName: name === '' ? null : name.slice(0, 200).toWellFormed(),
    };
  }

  private unnamed(): string | null {
    if (EXPORTS.has(this.type)) return '55555555-5';
    return BOLETAS.has(this.type) ? '66666666-6' : null;
  }

  private amounts(bought: TransactionType | null): Partial<StagedDocument> {
    const abroad = this.inPesos();
    if (abroad) return abroad;
    const vat = this.pesos('IVA');
    const isLost = bought === 'IVA_NO_RECUPERABLE';
    const isShared = bought === 'IVA_USO_COMUN';
    const net = this.pesos('MntNeto');
    return {
      exempt: this.pesos('MntExe'),
      net,
      vat: isLost || isShared ? 0 : vat,
      vatNonRecoverable: isLost ? vat : 0,
      vatCommonUse: isShared ? vat : 0,
      fixedAssetNet: bought === 'ACTIVO_FIJO' ? net : 0,
      fixedAssetVat: bought === 'ACTIVO_FIJO' ? vat : 0,
      vatNotWithheld: this.pesos('IVANoRet'),
      total: this.pesos('MntTotal'),
      otherTaxes: this.otherTaxes(),
    };
  }

  /** An export in another currency says beside it what it is in pesos. */
  private inPesos(): Partial<StagedDocument> | null {
    const currency = textAt(this.totals, 'TpoMoneda');
    if (!EXPORTS.has(this.type) || currency === '' || currency === PESO) return null;
    const other = childrenOf(this.header, 'OtraMoneda').find(
      (each): each is Element => typeof each === 'object' && textAt(each, 'TpoMoneda') === PESO,
    );
    if (!other) {
      this.findings.error('xml-element', { row: this.row }, { name: `OtraMoneda (${PESO})` });
      return {};
    }
    return {
      exempt: this.pesos('MntExeOtrMnda', other),
      total: this.pesos('MntTotOtrMnda', other),
    };
  }

  private otherTaxes(): OtherTax[] {
    return childrenOf(this.totals, 'ImptoReten').flatMap((tax) => {
      if (typeof tax !== 'object') return [];
      const code = textAt(tax, 'TipoImp');
      if (!/^\d{1,4}$/.test(code)) {
        this.findings.error('number', { row: this.row, column: 'TipoImp' }, { value: code });
        return [];
      }
      const amount = this.pesos('MontoImp', tax);
      return [{ code: Number(code), amount, rate: readRate(textAt(tax, 'TasaImp')) }];
    });
  }

  private reference(): Pick<StagedDocument, 'referenceType' | 'referenceFolio'> {
    for (const each of childrenOf(this.body, 'Referencia')) {
      if (typeof each !== 'object') continue;
      const type = textAt(each, 'TpoDocRef');
      const folio = textAt(each, 'FolioRef');
      // A reference may also be to an order or a set of tests, whose types are letters.
      if (/^\d{2,3}$/.test(type) && folio !== '' && Number(type) !== 52) {
        return {
          referenceType: Number(type),
          referenceFolio: folio.replace(/^0+(?=\d+$)/, '').slice(0, 50),
        };
      }
    }
    return { referenceType: null, referenceFolio: null };
  }

  private pesos(name: string, from = this.totals): number {
    const text = textAt(from, name);
    if (text === '') return 0;
    const amount = readPesos(text.replace(/\.0+$/, ''));
    const fits = amount !== null && (amount >= 0 || this.type === 43);
    if (!fits) this.findings.error('amount', { row: this.row, column: name }, { value: text });
    return amount ?? 0;
  }

  private typeOf(text: string): number {
    const type = /^\d{2,3}$/.test(text) ? Number(text) : 0;
    if (!DTE_TYPES.has(type)) {
      this.findings.error('type', { row: this.row, column: 'TipoDTE' }, { value: text });
    }
    return type;
  }

  private folio(text: string): number {
    if (/^\d{1,10}$/.test(text) && Number(text) > 0) return Number(text);
    this.findings.error('folio', { row: this.row, column: 'Folio' }, { value: text });
    return 0;
  }

  private day(text: string): string {
    const day = readDay(text);
    if (day === null)
      this.findings.error('date', { row: this.row, column: 'FchEmis' }, { value: text });
    return day ?? '';
  }

  private rut(text: string, column: string, fallback: string | null): string | null {
    const rut = text === '' ? fallback : normalizeRut(text);
    if (rut === null) this.findings.error('rut', { row: this.row, column }, { value: text });
    return rut;
  }
}

const NOTHING: StagedDocument = {
  ...{ row: 0, book: 'purchase', section: 'REGISTRO', period: null, dteType: 0, folio: 0 },
  ...{ documents: 1, counterpartRut: '', counterpartName: null, issueDate: '' },
  ...{ receivedAt: null, acknowledgedAt: null, claimedAt: null, transactionType: null },
  ...{ exempt: 0, net: 0, vat: 0, vatNonRecoverable: 0, vatNonRecoverableCode: null },
  ...{ vatCommonUse: 0, fixedAssetNet: 0, fixedAssetVat: 0, taxWithoutCredit: 0 },
  ...{ vatNotWithheld: 0, vatWithheldTotal: 0, vatWithheldPartial: 0, vatLate: 0, total: 0 },
  ...{ otherTaxes: [], details: null, correctsPurchaseInvoice: false },
  ...{ referenceType: null, referenceFolio: null, raw: null },
};

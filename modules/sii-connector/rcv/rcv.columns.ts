import type { TransactionType } from '../document/document.entity.js';

/** What a column of the RCV means here; `details` keeps what no code of the Form 29 asks for. */
export type RcvColumn =
  | 'number'
  | 'documents'
  | 'dteType'
  | 'transactionType'
  | 'counterpartRut'
  | 'counterpartName'
  | 'folio'
  | 'issueDate'
  | 'receivedAt'
  | 'acknowledgedAt'
  | 'claimedAt'
  | 'exempt'
  | 'net'
  | 'vat'
  | 'vatNonRecoverable'
  | 'vatNonRecoverableCode'
  | 'vatCommonUse'
  | 'fixedAssetNet'
  | 'fixedAssetVat'
  | 'taxWithoutCredit'
  | 'vatNotWithheld'
  | 'vatWithheldTotal'
  | 'vatWithheldPartial'
  | 'vatLate'
  | 'total'
  | 'correctsPurchaseInvoice'
  | 'referenceType'
  | 'referenceFolio'
  | 'otherTaxCode'
  | 'otherTaxAmount'
  | 'otherTaxRate';

/** Headers as {@link plain} writes them: the files differ in capitals, accents, blanks and points. */
const COLUMNS: Readonly<Record<string, RcvColumn>> = {
  nro: 'number',
  tipodoc: 'dteType',
  tipodocumento: 'dteType',
  tipocompra: 'transactionType',
  tipoventa: 'transactionType',
  rutproveedor: 'counterpartRut',
  rutcliente: 'counterpartRut',
  razonsocial: 'counterpartName',
  folio: 'folio',
  fechadocto: 'issueDate',
  fechadocumento: 'issueDate',
  fecharecepcion: 'receivedAt',
  fechaacuse: 'acknowledgedAt',
  fechaacuserecibo: 'acknowledgedAt',
  fechareclamo: 'claimedAt',
  montoexento: 'exempt',
  montoneto: 'net',
  totaldocumentos: 'documents',
  cantidaddocumentos: 'documents',
  ivarecuperable: 'vat',
  ivanorecuperable: 'vatNonRecoverable',
  montoivarecuperable: 'vat',
  montoiva: 'vat',
  montoivanorecuperable: 'vatNonRecoverable',
  codigoivanorec: 'vatNonRecoverableCode',
  codigoivanorecuperable: 'vatNonRecoverableCode',
  montototal: 'total',
  montonetoactivofijo: 'fixedAssetNet',
  ivaactivofijo: 'fixedAssetVat',
  ivausocomun: 'vatCommonUse',
  imptosinderechoacredito: 'taxWithoutCredit',
  impuestosinderechoacredito: 'taxWithoutCredit',
  ivanoretenido: 'vatNotWithheld',
  ivaretenidototal: 'vatWithheldTotal',
  ivaretenidoparcial: 'vatWithheldPartial',
  ivafueradeplazo: 'vatLate',
  nceondesobrefactdecompra: 'correctsPurchaseInvoice',
  tipodoctoreferencia: 'referenceType',
  foliodoctoreferencia: 'referenceFolio',
  codigootroimpuesto: 'otherTaxCode',
  codigootroimp: 'otherTaxCode',
  valorotroimpuesto: 'otherTaxAmount',
  valorotroimp: 'otherTaxAmount',
  tasaotroimpuesto: 'otherTaxRate',
  tasaotroimp: 'otherTaxRate',
};

/** Columns that a document keeps among its details, by the name they get there. */
const DETAILS: Readonly<Record<string, string>> = {
  tabacospuros: 'tabacosPuros',
  tabacoscigarrillos: 'tabacosCigarrillos',
  tabacoselaborados: 'tabacosElaborados',
  ivapropio: 'ivaPropio',
  ivaterceros: 'ivaTerceros',
  rutemisorliquidfactura: 'rutEmisorLiquidacion',
  netocomisionliquidfactura: 'netoComision',
  exentocomisionliquidfactura: 'exentoComision',
  ivacomisionliquidfactura: 'ivaComision',
  numidentreceptorextranjero: 'identificacionReceptorExtranjero',
  nacionalidadreceptorextranjero: 'nacionalidadReceptorExtranjero',
  creditoempresaconstructora: 'creditoEmpresaConstructora',
  imptozonafrancaley18211: 'impuestoZonaFranca',
  garantiadepenvases: 'garantiaDepositoEnvases',
  indicadorventasincosto: 'indicadorVentaSinCosto',
  indicadorservicioperiodico: 'indicadorServicioPeriodico',
  montonofacturable: 'montoNoFacturable',
  totalmontoperiodo: 'totalMontoPeriodo',
  ventapasajestransportenacional: 'pasajesNacionales',
  ventapasajestransporteinternacional: 'pasajesInternacionales',
  numerointerno: 'numeroInterno',
  codigosucursal: 'codigoSucursal',
};

/** What a column means whose header is this, as {@link plain} writes it. */
export function columnOf(word: string): RcvColumn | undefined {
  return Object.hasOwn(COLUMNS, word) ? COLUMNS[word] : undefined;
}

/** The name of the detail that a column holds. */
export function detailOf(word: string): string | undefined {
  return Object.hasOwn(DETAILS, word) ? DETAILS[word] : undefined;
}

/** Details that are texts even where they look like numbers. */
export const TEXT_DETAILS: readonly string[] = [
  ...['rutEmisorLiquidacion', 'identificacionReceptorExtranjero', 'numeroInterno'],
  ...['nacionalidadReceptorExtranjero', 'codigoSucursal'],
];

/** What no RCV lacks. */
export const REQUIRED: Readonly<Partial<Record<RcvColumn, string>>> = {
  dteType: 'Tipo Doc',
  folio: 'Folio',
  issueDate: 'Fecha Docto',
  exempt: 'Monto Exento',
  net: 'Monto Neto',
  vat: 'Monto IVA',
  total: 'Monto Total',
};

/** What no summary lacks. */
export const REQUIRED_OF_TOTALS: Readonly<Partial<Record<RcvColumn, string>>> = {
  dteType: 'Tipo Documento',
  documents: 'Total Documentos',
  exempt: 'Monto Exento',
  net: 'Monto Neto',
  vat: 'Monto IVA',
  total: 'Monto Total',
};

/** Tipo Compra and Tipo Venta, as words and as the SII's codes. */
export const TYPES: Readonly<Record<string, TransactionType>> = {
  ...{ delgiro: 'DEL_GIRO', giro: 'DEL_GIRO', '1': 'DEL_GIRO' },
  ...{ supermercados: 'SUPERMERCADO', supermercado: 'SUPERMERCADO', '2': 'SUPERMERCADO' },
  ...{ bienesraices: 'BIENES_RAICES', bienraiz: 'BIENES_RAICES', '3': 'BIENES_RAICES' },
  ...{ activofijo: 'ACTIVO_FIJO', '4': 'ACTIVO_FIJO' },
  ...{ ivausocomun: 'IVA_USO_COMUN', '5': 'IVA_USO_COMUN' },
  ...{ ivanorecuperable: 'IVA_NO_RECUPERABLE', ivanorec: 'IVA_NO_RECUPERABLE' },
  ...{ '6': 'IVA_NO_RECUPERABLE', '7': 'NO_INCLUIR' },
  ...{ nocorrespincluir: 'NO_INCLUIR', nocorrespondeincluir: 'NO_INCLUIR' },
  ...{ noincluir: 'NO_INCLUIR' },
};

/** Types of documents that the RCV knows. */
export const KNOWN_TYPES: ReadonlySet<number> = new Set([
  ...[29, 30, 32, 33, 34, 35, 38, 39, 40, 41, 43, 45, 46, 47, 48, 55, 56, 60, 61],
  ...[101, 103, 104, 105, 106, 108, 110, 111, 112, 901, 914, 919, 920, 921, 922, 923, 924],
]);

/** Types that the RCV sums up in rows without a folio. */
export const SUMMED_TYPES: ReadonlySet<number> = new Set([
  ...[35, 38, 39, 41, 47, 48, 105, 919, 920, 921, 922, 923, 924],
]);

/** Credit notes: what they say is subtracted, and they say it in positive amounts. */
export const CREDIT_NOTES: ReadonlySet<number> = new Set([60, 61, 106, 112]);

/** Liquidaciones: what they settle may be negative. */
export const SETTLEMENTS: ReadonlySet<number> = new Set([40, 43, 103]);

/** Exports: their customers have no RUT. */
export const EXPORTS: ReadonlySet<number> = new Set([101, 104, 106, 110, 111, 112]);

const plainWords = new Map<string, string>();

/** The text without accents, blanks, points and capitals. */
export function plain(text: string): string {
  const known = plainWords.get(text);
  if (known !== undefined) return known;
  const made = text
    .normalize('NFD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '');
  if (plainWords.size < 1_000) plainWords.set(text, made);
  return made;
}

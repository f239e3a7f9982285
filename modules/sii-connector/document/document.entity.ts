import { Column, Entity } from 'typeorm';
import { CompanyRecord, InstantColumn, PesosColumn } from '#kernel';

/** Purchases, or sales. */
export const BOOKS = ['purchase', 'sale'] as const;
export type Book = (typeof BOOKS)[number];

/** Sections of the RCV (Registro de Compras y Ventas); sales have only REGISTRO. */
export const SECTIONS = ['REGISTRO', 'PENDIENTE', 'NO_INCLUIR', 'RECLAMADO'] as const;
export type Section = (typeof SECTIONS)[number];

/** What told of the document: the RCV is the legal truth, a DTE (electronic document) one piece of it. */
export const ORIGINS = ['rcv', 'dte'] as const;
export type Origin = (typeof ORIGINS)[number];

/** Tipo Compra and Tipo Venta of the RCV; a sale is one of DEL_GIRO, BIENES_RAICES, ACTIVO_FIJO. */
export const TRANSACTION_TYPES = [
  ...(['DEL_GIRO', 'SUPERMERCADO', 'BIENES_RAICES', 'ACTIVO_FIJO'] as const),
  ...(['IVA_USO_COMUN', 'IVA_NO_RECUPERABLE', 'NO_INCLUIR'] as const),
] as const;
export type TransactionType = (typeof TRANSACTION_TYPES)[number];

/** A further tax of a document: the SII's code, whole pesos, percent. */
export interface OtherTax {
  readonly code: number;
  readonly amount: number;
  readonly rate: number | null;
}

/**
 * A tax document of a period, as the RCV or the DTE tells it. Amounts are whole pesos and never
 * signed by kind: a credit note (60, 61, 112) is positive too, and who sums subtracts it.
 */
@Entity('sii_connector_document')
export class Document extends CompanyRecord {
  /** The import that wrote it last. */
  @Column({ type: 'uuid' })
  importId!: string;

  @Column({ type: 'text' })
  origin!: Origin;

  @Column({ type: 'text' })
  book!: Book;

  @Column({ type: 'text' })
  section!: Section;

  /** `YYYYMM`, in which it is declared. */
  @Column({ type: 'text' })
  period!: string;

  /** The SII's type of document: 33 factura, 34 exenta, 39 boleta, 56 and 61 notes, 914 DIN, … */
  @Column({ type: 'integer' })
  dteType!: number;

  /** 0 for a row that sums documents up (boletas, vouchers of electronic payments). */
  @PesosColumn()
  folio!: number;

  /** Tells rows without a folio apart; empty where there is one. */
  @Column({ type: 'text' })
  summary!: string;

  /** How many documents the row stands for. */
  @Column({ type: 'integer' })
  documents!: number;

  /** Of the supplier or the customer. */
  @Column({ type: 'text' })
  counterpartRut!: string;

  @Column({ type: 'text', nullable: true })
  counterpartName!: string | null;

  /** Fecha Docto, `YYYY-MM-DD`. */
  @Column({ type: 'date' })
  issueDate!: string;

  @InstantColumn({ nullable: true })
  receivedAt!: Date | null;

  @InstantColumn({ nullable: true })
  acknowledgedAt!: Date | null;

  @InstantColumn({ nullable: true })
  claimedAt!: Date | null;

  /** It was claimed, or it is a note on one that was: it is declared in no period. */
  @Column({ type: 'boolean' })
  claimed!: boolean;

  @Column({ type: 'text', nullable: true })
  transactionType!: TransactionType | null;

  @PesosColumn()
  exempt!: number;

  @PesosColumn()
  net!: number;

  /** Sales: Monto IVA. Purchases: Monto IVA Recuperable. */
  @PesosColumn()
  vat!: number;

  @PesosColumn()
  vatNonRecoverable!: number;

  /** 1 exempt operations, 2 late, 3 rejected expenses, 4 free deliveries, 9 others. */
  @Column({ type: 'integer', nullable: true })
  vatNonRecoverableCode!: number | null;

  /** IVA uso común, of which a proportion is a credit. */
  @PesosColumn()
  vatCommonUse!: number;

  @PesosColumn()
  fixedAssetNet!: number;

  @PesosColumn()
  fixedAssetVat!: number;

  /** Impuesto sin derecho a crédito. */
  @PesosColumn()
  taxWithoutCredit!: number;

  @PesosColumn()
  vatNotWithheld!: number;

  @PesosColumn()
  vatWithheldTotal!: number;

  @PesosColumn()
  vatWithheldPartial!: number;

  /** IVA fuera de plazo, of sales. */
  @PesosColumn()
  vatLate!: number;

  @PesosColumn()
  total!: number;

  @Column({ type: 'jsonb' })
  otherTaxes!: OtherTax[];

  /** What else the RCV says, by the column's name there; whole pesos or text. */
  @Column({ type: 'jsonb' })
  details!: Record<string, string | number>;

  /** NCE o NDE sobre Factura de Compra. */
  @Column({ type: 'boolean' })
  correctsPurchaseInvoice!: boolean;

  /** Of a note: the type and folio of what it corrects; a folio may be text (`200-300`). */
  @Column({ type: 'integer', nullable: true })
  referenceType!: number | null;

  @Column({ type: 'text', nullable: true })
  referenceFolio!: string | null;

  /** The line of the file, or the place in the envelope; from 1. */
  @Column({ type: 'integer' })
  rowNumber!: number;

  /** The lines of the file as they were; null where the import keeps the file itself. */
  @Column({ type: 'text', nullable: true })
  raw!: string | null;
}

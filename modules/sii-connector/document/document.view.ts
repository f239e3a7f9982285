import {
  BooleanField,
  ChoiceField,
  DayField,
  IdField,
  InstantField,
  IntegerField,
  JsonField,
  ListField,
  MAX_PESOS,
  NumberField,
  PesosField,
  pick,
  TextField,
} from '#kernel';
import { BOOKS, ORIGINS, SECTIONS, TRANSACTION_TYPES } from './document.entity.js';
import type { Document } from './document.entity.js';

const MAX_INTEGER = 2_147_483_647;
const MAX_FOLIO = 9_999_999_999;
const SIGNED = { min: -MAX_PESOS };

export class OtherTaxView {
  @IntegerField({ min: 0, max: 9_999, description: 'the SII’s code' })
  code!: number;

  @PesosField()
  amount!: number;

  @NumberField({ min: 0, max: 1_000, nullable: true, description: 'percent' })
  rate!: number | null;
}

/** A tax document; its amounts are not signed by kind: credit notes are positive. */
export class DocumentView {
  @IdField()
  id!: string;

  @IdField({ description: 'the import that wrote it last' })
  importId!: string;

  @ChoiceField(ORIGINS)
  origin!: string;

  @ChoiceField(BOOKS)
  book!: string;

  @ChoiceField(SECTIONS)
  section!: string;

  @TextField({ max: 6, description: 'YYYYMM' })
  period!: string;

  @IntegerField({ min: 1, max: 999 })
  dteType!: number;

  @IntegerField({ min: 0, max: MAX_FOLIO, description: '0 for a row that sums documents up' })
  folio!: number;

  @IntegerField({ min: 1, max: MAX_INTEGER, description: 'how many the row stands for' })
  documents!: number;

  @TextField({ max: 13 })
  counterpartRut!: string;

  @TextField({ max: 200, nullable: true })
  counterpartName!: string | null;

  @DayField()
  issueDate!: string;

  @InstantField({ nullable: true })
  receivedAt!: string | null;

  @InstantField({ nullable: true })
  acknowledgedAt!: string | null;

  @InstantField({ nullable: true })
  claimedAt!: string | null;

  @BooleanField({ description: 'claimed, or a note on one that was: declared in no period' })
  claimed!: boolean;

  @ChoiceField(TRANSACTION_TYPES, { nullable: true })
  transactionType!: string | null;

  @PesosField(SIGNED)
  exempt!: number;

  @PesosField(SIGNED)
  net!: number;

  @PesosField({ ...SIGNED, description: 'whole pesos; of purchases the recoverable VAT' })
  vat!: number;

  @PesosField(SIGNED)
  vatNonRecoverable!: number;

  @IntegerField({ min: 1, max: 9, nullable: true })
  vatNonRecoverableCode!: number | null;

  @PesosField(SIGNED)
  vatCommonUse!: number;

  @PesosField(SIGNED)
  fixedAssetNet!: number;

  @PesosField(SIGNED)
  fixedAssetVat!: number;

  @PesosField(SIGNED)
  taxWithoutCredit!: number;

  @PesosField(SIGNED)
  vatNotWithheld!: number;

  @PesosField(SIGNED)
  vatWithheldTotal!: number;

  @PesosField(SIGNED)
  vatWithheldPartial!: number;

  @PesosField(SIGNED)
  vatLate!: number;

  @PesosField(SIGNED)
  total!: number;

  @ListField(() => OtherTaxView, { maxItems: 200 })
  otherTaxes!: OtherTaxView[];

  @JsonField({ description: 'what else the RCV says' })
  details!: unknown;

  @BooleanField()
  correctsPurchaseInvoice!: boolean;

  @IntegerField({ min: 1, max: 999, nullable: true })
  referenceType!: number | null;

  @TextField({ max: 200, nullable: true })
  referenceFolio!: string | null;

  @IntegerField({ min: 1, max: MAX_INTEGER, description: 'line of the file' })
  rowNumber!: number;

  @TextField({ max: 100_000, nullable: true, description: 'the lines of the file' })
  raw!: string | null;

  @InstantField()
  createdAt!: string;

  @IntegerField({ min: 1, max: MAX_INTEGER })
  version!: number;

  static of(this: void, document: Document): DocumentView {
    return {
      ...pick(
        document,
        ...(['id', 'importId', 'origin', 'book', 'section', 'period', 'dteType', 'folio'] as const),
        ...(['documents', 'counterpartRut', 'counterpartName', 'issueDate', 'claimed'] as const),
        ...(['transactionType', 'exempt', 'net', 'vat', 'vatNonRecoverable'] as const),
        ...(['vatNonRecoverableCode', 'vatCommonUse', 'fixedAssetNet', 'fixedAssetVat'] as const),
        ...(['taxWithoutCredit', 'vatNotWithheld', 'vatWithheldTotal', 'vatLate'] as const),
        ...(['vatWithheldPartial', 'total', 'details', 'correctsPurchaseInvoice'] as const),
        ...(['referenceType', 'referenceFolio', 'rowNumber', 'raw', 'version'] as const),
      ),
      otherTaxes: [...document.otherTaxes],
      receivedAt: document.receivedAt?.toISOString() ?? null,
      acknowledgedAt: document.acknowledgedAt?.toISOString() ?? null,
      claimedAt: document.claimedAt?.toISOString() ?? null,
      createdAt: document.createdAt.toISOString(),
    };
  }
}

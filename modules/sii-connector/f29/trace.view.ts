import { ApiProperty } from '@nestjs/swagger';
import {
  ChoiceField,
  DayField,
  IdField,
  InstantField,
  IntegerField,
  ListField,
  ObjectField,
  PesosField,
  TextField,
} from '#kernel';
import { BOOKS } from '../document/document.entity.js';
import { MAX_CODE_VALUE } from './code-map.input.js';
import { ORIGINS } from './return.entity.js';
import type { CodeValue } from './rule.js';

const SIGNED = { min: -MAX_CODE_VALUE, max: MAX_CODE_VALUE };

export class TraceDocumentView {
  @IdField()
  id!: string;

  @ChoiceField(['document', 'fee'])
  kind!: string;

  @ChoiceField(BOOKS, { nullable: true })
  book!: string | null;

  @IntegerField({ min: 1, max: 999, nullable: true, description: 'type of document, as the SII’s' })
  dteType!: number | null;

  @IntegerField({ min: 0, max: 9_999_999_999 })
  folio!: number;

  @DayField()
  issueDate!: string;

  @TextField({ max: 12 })
  counterpartRut!: string;

  @IntegerField({ min: 1, max: 2_147_483_647, description: 'documents that the row stands for' })
  documents!: number;

  @PesosField({ ...SIGNED, description: 'what it adds to the code, or takes' })
  amount!: number;

  @PesosField({
    ...SIGNED,
    description: 'VAT of common use, of which the month’s proportionality is added',
  })
  commonUse!: number;

  @IdField()
  importId!: string;

  @InstantField()
  importedAt!: string;

  @IntegerField({ min: 0, max: 2_147_483_647, description: 'row of the imported file' })
  rowNumber!: number;
}

const ANY_VALUE = { oneOf: [{ type: 'number' }, { type: 'string' }], nullable: true };

export class FormulaInputView {
  @TextField({ max: 6 })
  code!: string;

  @ApiProperty(ANY_VALUE)
  value!: CodeValue | null;
}

export class FormulaView {
  @TextField({ max: 500, description: '538 − 537' })
  text!: string;

  @TextField({ max: 300 })
  source!: string;

  @ChoiceField(['proven', 'derived'])
  proof!: string;

  @ListField(() => FormulaInputView, { maxItems: 100 })
  inputs!: FormulaInputView[];
}

export class TraceView {
  @TextField({ max: 6 })
  code!: string;

  @TextField({ max: 400, nullable: true, description: 'the form’s own wording' })
  name!: string | null;

  @IntegerField({
    min: 1,
    max: 200,
    nullable: true,
    description: 'line, as in the SII’s FAQ of 2025',
  })
  line!: number | null;

  @ApiProperty(ANY_VALUE)
  value!: CodeValue | null;

  @ChoiceField(ORIGINS, { nullable: true })
  origin!: string | null;

  @PesosField({ ...SIGNED, nullable: true, description: 'what documents and figures said' })
  computed!: number | null;

  @ApiProperty({ type: 'array', maxItems: 20, items: { type: 'string' } })
  sources!: string[];

  @ObjectField(() => FormulaView, { nullable: true })
  formula!: FormulaView | null;

  @ListField(() => TraceDocumentView, { maxItems: 200 })
  items!: TraceDocumentView[];

  @TextField({ max: 2_000, nullable: true, description: 'cursor of the next page' })
  next!: string | null;
}

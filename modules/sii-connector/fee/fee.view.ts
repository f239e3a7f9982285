import {
  BooleanField,
  ChoiceField,
  DayField,
  IdField,
  InstantField,
  IntegerField,
  PesosField,
  pick,
  TextField,
} from '#kernel';
import { FEE_KINDS } from './fee.entity.js';
import type { Fee } from './fee.entity.js';

export class FeeView {
  @IdField()
  id!: string;

  @IdField({ description: 'the import that wrote it last' })
  importId!: string;

  @TextField({ max: 6, description: 'YYYYMM in which the withholding is declared' })
  period!: string;

  @ChoiceField(FEE_KINDS)
  kind!: string;

  @IntegerField({ min: 1, max: 9_999_999_999 })
  number!: number;

  @TextField({ max: 13 })
  issuerRut!: string;

  @TextField({ max: 200, nullable: true })
  issuerName!: string | null;

  @DayField()
  issueDate!: string;

  @DayField({ nullable: true })
  paidOn!: string | null;

  @BooleanField()
  voided!: boolean;

  @PesosField()
  gross!: number;

  @PesosField({ description: 'whole pesos that the company withholds' })
  withheld!: number;

  @PesosField()
  net!: number;

  @InstantField()
  createdAt!: string;

  static of(this: void, fee: Fee): FeeView {
    return {
      ...pick(
        fee,
        ...(['id', 'importId', 'period', 'kind', 'number', 'issuerRut', 'issuerName'] as const),
        ...(['issueDate', 'paidOn', 'voided', 'gross', 'withheld', 'net'] as const),
      ),
      createdAt: fee.createdAt.toISOString(),
    };
  }
}

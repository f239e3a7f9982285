import { DayField, IdField } from '#kernel';

export class CutDay {
  @IdField()
  branchId!: string;

  @DayField({ description: 'business day in America/Santiago' })
  date!: string;
}

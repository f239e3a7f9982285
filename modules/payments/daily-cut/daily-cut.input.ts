import { BooleanField, DayField, IdField } from '#kernel';

export class CutDay {
  @IdField()
  branchId!: string;

  @DayField({ description: 'business day in America/Santiago' })
  date!: string;
}

export class MakeCut extends CutDay {
  @BooleanField({
    optional: true,
    description: 'cut although sessions are open; needs payments.daily-cut.force',
  })
  force?: boolean;
}

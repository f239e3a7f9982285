import { IdField, PesosField, TextField } from '#kernel';

export class OpenCashSession {
  @IdField()
  registerId!: string;

  @PesosField({ description: 'whole pesos in the drawer at the start', max: 100_000_000 })
  openingAmount!: number;
}

export class CloseCashSession {
  @PesosField({ description: 'whole pesos of cash counted in the drawer' })
  countedAmount!: number;

  @TextField({ max: 500, optional: true })
  note?: string;
}

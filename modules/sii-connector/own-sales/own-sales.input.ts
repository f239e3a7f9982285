import { TextField } from '#kernel';

export class OwnSalesQuery {
  @TextField({ max: 6, min: 6, pattern: /^20\d\d(0[1-9]|1[0-2])$/, description: 'YYYYMM' })
  period!: string;
}

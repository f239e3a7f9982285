import { BooleanField, IntegerField, MAX_SUM, PesosField, TextField } from '#kernel';
import type { OwnSales } from './own-sales.service.js';

/** What OFITEC knows of a month's sales by itself: an estimate, as if each order had one boleta. */
export class OwnSalesView {
  @TextField({ max: 6, description: 'YYYYMM' })
  period!: string;

  @BooleanField({ description: 'whether it stands in for sales that no file has told of yet' })
  feedsDraft!: boolean;

  @IntegerField({ min: 0, max: 2_147_483_647, description: 'delivered in the month' })
  orders!: number;

  @PesosField({ max: MAX_SUM, description: 'whole pesos with VAT' })
  gross!: number;

  @PesosField({ max: MAX_SUM })
  net!: number;

  @PesosField({ max: MAX_SUM })
  vat!: number;

  static of(this: void, period: string, sales: OwnSales): OwnSalesView {
    return { period, ...sales };
  }
}

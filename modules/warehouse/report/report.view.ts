import {
  BooleanField,
  DayField,
  IdField,
  InstantField,
  IntegerField,
  ListField,
  MAX_SUM,
  NumberField,
  PesosField,
  TextField,
} from '#kernel';

const SUM = { min: -MAX_SUM, max: MAX_SUM };
const COUNT = { min: 0, max: 100_000_000 };
const CURSOR = { max: 2_000, nullable: true, description: 'cursor of the next page' } as const;

class ReportHead {
  @InstantField({ description: 'what was known by then; say it again for the next page' })
  asOf!: string;

  @InstantField({ nullable: true, description: 'when the last event in the warehouse happened' })
  loadedUntil!: string | null;

  @TextField(CURSOR)
  next!: string | null;
}

export class DaySalesView {
  @DayField({ description: 'business day, America/Santiago' })
  date!: string;

  @IdField()
  branchId!: string;

  @IntegerField({ ...COUNT, description: 'orders taken on the day that stand' })
  orders!: number;

  @PesosField({ ...SUM, description: 'their totals, whole pesos with VAT' })
  sold!: number;

  @IntegerField({ ...COUNT, description: 'orders taken on the day that were called off' })
  cancelledOrders!: number;

  @PesosField({ ...SUM, description: 'their totals; not in `sold`' })
  cancelledAmount!: number;

  @IntegerField({
    ...COUNT,
    description: 'charges in sessions of the day, whenever the order was taken',
  })
  payments!: number;

  @PesosField({ ...SUM, description: 'charges less voids and refunds, as a daily cut sums them' })
  paid!: number;
}

export class CashierSalesView {
  @DayField({ description: 'business day of the session' })
  date!: string;

  @IdField()
  branchId!: string;

  @IdField()
  cashierId!: string;

  @IntegerField({ ...COUNT, description: 'charges' })
  payments!: number;

  @PesosField({ ...SUM, description: 'charges, whole pesos' })
  charged!: number;

  @PesosField({ ...SUM, description: 'charges taken back as mistakes; negative' })
  voided!: number;

  @PesosField({ ...SUM, description: 'given back to customers; negative' })
  refunded!: number;

  @PesosField({ ...SUM, description: 'the three together' })
  paid!: number;
}

export class ServiceSalesDayView {
  @DayField({ description: 'business day on which the orders were taken' })
  date!: string;

  @IdField()
  serviceId!: string;

  @TextField({ max: 100, nullable: true, description: 'as it was known then' })
  code!: string | null;

  @TextField({ max: 100, nullable: true, description: 'as the service was called then' })
  name!: string | null;

  @IntegerField({ ...COUNT, description: 'orders that stand with the service in them' })
  orders!: number;

  @NumberField({ min: 0, max: 1e15, description: 'units or kilos; at most three decimals' })
  quantity!: number;

  @PesosField({ ...SUM, description: 'whole pesos with VAT' })
  sold!: number;

  @PesosField({ ...SUM, description: 'of orders that were called off; not in `sold`' })
  cancelledAmount!: number;
}

export class VatMonthView {
  @TextField({ max: 6, description: 'YYYYMM' })
  period!: string;

  @IntegerField({
    ...COUNT,
    description: 'orders delivered in the month: the source of gross, net and vat',
  })
  orders!: number;

  @PesosField(SUM)
  gross!: number;

  @PesosField(SUM)
  net!: number;

  @PesosField({ ...SUM, description: 'rounded order by order, as on a boleta' })
  vat!: number;

  @BooleanField({ description: 'whether there is a Form 29: the source of the fields below' })
  isDeclared!: boolean;

  @IdField({ nullable: true })
  returnId!: string | null;

  @IntegerField({ min: 1, max: 1_000, nullable: true })
  revision!: number | null;

  @TextField({ max: 40, nullable: true, description: 'where the return stood' })
  state!: string | null;

  @PesosField({ ...SUM, nullable: true, description: 'code 538, all VAT of sales' })
  debit!: number | null;

  @TextField({
    max: 20,
    nullable: true,
    description: 'who says so: computed, typed, imported, adapter',
  })
  debitOrigin!: string | null;

  @IntegerField({ ...COUNT, nullable: true, description: 'code 110, number of boletas' })
  receipts!: number | null;

  @PesosField({ ...SUM, nullable: true, description: 'code 111, VAT of boletas' })
  receiptsVat!: number | null;

  @TextField({ max: 20, nullable: true })
  receiptsOrigin!: string | null;
}

export class SalesByDayView extends ReportHead {
  @ListField(() => DaySalesView, { maxItems: 200 })
  items!: DaySalesView[];
}

export class SalesByCashierView extends ReportHead {
  @ListField(() => CashierSalesView, { maxItems: 200 })
  items!: CashierSalesView[];
}

export class SalesByServiceView extends ReportHead {
  @ListField(() => ServiceSalesDayView, { maxItems: 200 })
  items!: ServiceSalesDayView[];
}

export class VatByMonthView extends ReportHead {
  @ListField(() => VatMonthView, { maxItems: 200 })
  items!: VatMonthView[];
}

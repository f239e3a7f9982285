import { isDay } from '#kernel';
import { SALES_BY_CASHIER, SALES_BY_DAY, SALES_BY_SERVICE, VAT_BY_MONTH } from './queries.js';
import type { ReportQuery } from './queries.js';
import type {
  CashierSalesView,
  DaySalesView,
  ServiceSalesDayView,
  VatMonthView,
} from './report.view.js';

/** A row as either database answers it: numbers may come as text or as bigint. */
export type RawRow = Readonly<Record<string, string | number | bigint | null>>;

/** A report: its statement, how its rows read, and by what they are sorted. */
export interface Report<V extends object> {
  readonly query: ReportQuery;
  readonly columns: readonly (keyof V & string)[];
  readonly view: (row: RawRow) => V;
  readonly key: (row: RawRow) => readonly [string, string];
  readonly isKey: (texts: readonly string[]) => boolean;
}

const isPeriod = (text: string | undefined): boolean => /^\d{6}$/.test(text ?? '');
const byDay = ([date, second, ...rest]: readonly string[]): boolean =>
  isDay(date) && second !== undefined && rest.length === 0;

export const SalesByDay: Report<DaySalesView> = {
  query: SALES_BY_DAY,
  columns: [
    ...(['date', 'branchId', 'orders', 'sold', 'cancelledOrders', 'cancelledAmount'] as const),
    ...(['payments', 'paid'] as const),
  ],
  view: (row) => ({
    ...{ date: text(row, 'date'), branchId: text(row, 'branchId') },
    ...{ orders: count(row, 'orders'), sold: count(row, 'sold') },
    cancelledOrders: count(row, 'cancelledOrders'),
    cancelledAmount: count(row, 'cancelledAmount'),
    ...{ payments: count(row, 'payments'), paid: count(row, 'paid') },
  }),
  key: (row) => [text(row, 'date'), text(row, 'branchId')],
  isKey: byDay,
};

export const SalesByCashier: Report<CashierSalesView> = {
  query: SALES_BY_CASHIER,
  columns: [
    ...(['date', 'branchId', 'cashierId', 'payments', 'charged', 'voided', 'refunded'] as const),
    'paid',
  ],
  view: (row) => ({
    ...{ date: text(row, 'date'), branchId: text(row, 'branchId') },
    ...{ cashierId: text(row, 'cashierId'), payments: count(row, 'payments') },
    ...{ charged: count(row, 'charged'), voided: count(row, 'voided') },
    ...{ refunded: count(row, 'refunded'), paid: count(row, 'paid') },
  }),
  key: (row) => [text(row, 'date'), text(row, 'key')],
  isKey: byDay,
};

export const SalesByService: Report<ServiceSalesDayView> = {
  query: SALES_BY_SERVICE,
  columns: [
    ...(['date', 'serviceId', 'code', 'name', 'orders', 'quantity', 'sold'] as const),
    'cancelledAmount',
  ],
  view: (row) => ({
    ...{ date: text(row, 'date'), serviceId: text(row, 'serviceId') },
    ...{ code: textOrNull(row, 'code'), name: textOrNull(row, 'name') },
    ...{ orders: count(row, 'orders'), quantity: count(row, 'thousandths') / 1_000 },
    ...{ sold: count(row, 'sold'), cancelledAmount: count(row, 'cancelledAmount') },
  }),
  key: (row) => [text(row, 'date'), text(row, 'serviceId')],
  isKey: byDay,
};

export const VatByMonth: Report<VatMonthView> = {
  query: VAT_BY_MONTH,
  columns: [
    ...(['period', 'orders', 'gross', 'net', 'vat', 'isDeclared', 'returnId', 'revision'] as const),
    ...(['state', 'debit', 'debitOrigin', 'receipts', 'receiptsVat', 'receiptsOrigin'] as const),
  ],
  view: (row) => ({
    ...{ period: text(row, 'period'), isDeclared: count(row, 'isDeclared') === 1 },
    ...{ orders: count(row, 'orders'), gross: count(row, 'gross') },
    ...{ net: count(row, 'net'), vat: count(row, 'vat') },
    ...{ returnId: textOrNull(row, 'returnId'), revision: countOrNull(row, 'revision') },
    ...{ state: textOrNull(row, 'state'), debit: countOrNull(row, 'debit') },
    debitOrigin: textOrNull(row, 'debitOrigin'),
    receipts: countOrNull(row, 'receipts'),
    receiptsVat: countOrNull(row, 'receiptsVat'),
    receiptsOrigin: textOrNull(row, 'receiptsOrigin'),
  }),
  key: (row) => [text(row, 'period'), text(row, 'period')],
  isKey: ([period, again, ...rest]) => isPeriod(period) && again === period && rest.length === 0,
};

function text(row: RawRow, name: string): string {
  return String(row[name]);
}

function textOrNull(row: RawRow, name: string): string | null {
  return row[name] === null ? null : text(row, name);
}

function count(row: RawRow, name: string): number {
  return Number(row[name]);
}

function countOrNull(row: RawRow, name: string): number | null {
  return row[name] === null ? null : count(row, name);
}

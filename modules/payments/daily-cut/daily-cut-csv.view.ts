import { toCsv } from '#kernel';
import type { CutNames } from './cut-names.service.js';
import { CASH_ITEMS, ORDER_ITEMS, PREPAID_ITEMS } from './daily-cut.view.js';
import type { DailyCutView } from './daily-cut.view.js';

const COLUMNS = [
  ...['section', 'item', 'id', 'text', 'register', 'cashier', 'count', 'amount'],
  ...['openingAmount', 'expectedAmount', 'countedAmount', 'difference'],
] as const;

type Line = Partial<Record<(typeof COLUMNS)[number], string | number | boolean | null>>;

/** A cut as one table: every line says in `section` and `item` what it tells of. */
export function cutCsv(cut: DailyCutView, names: CutNames): string {
  const lines = [...headOf(cut, names), ...totalsOf(cut, names), ...restOf(cut)];
  return toCsv([COLUMNS, ...lines.map((line) => COLUMNS.map((column) => line[column] ?? null))]);
}

function headOf(cut: DailyCutView, { company, branch, users }: CutNames): Line[] {
  const head: readonly Line[] = [
    { item: 'id', id: cut.id },
    { item: 'company', text: company.name },
    { item: 'rut', text: company.rut },
    { item: 'branchCode', text: branch.code },
    { item: 'branchName', id: cut.branchId, text: branch.name },
    { item: 'date', text: cut.date },
    { item: 'sequence', count: cut.sequence },
    { item: 'forced', text: String(cut.forced) },
    { item: 'cutBy', id: cut.cutBy, text: users.get(cut.cutBy ?? '') ?? null },
    { item: 'createdAt', text: cut.createdAt },
    { item: 'rowsHash', text: cut.rowsHash },
    { item: 'auditAnchor', text: cut.auditAnchor },
  ];
  return head.map((line) => ({ section: 'cut', ...line }));
}

function totalsOf(cut: DailyCutView, { registers, users }: CutNames): Line[] {
  return [
    { section: 'total', count: cut.payments, amount: cut.total },
    ...cut.byMethod.map(({ method, payments, amount }) => ({
      ...{ section: 'method', item: method, count: payments, amount },
    })),
    ...cut.byCashier.map(({ cashierId, payments, amount }) => ({
      ...{ section: 'cashier', id: cashierId, cashier: users.get(cashierId) ?? null },
      ...{ count: payments, amount },
    })),
    ...cut.bySession.map(
      ({ cashSessionId, registerId, cashierId, state, payments, ...figures }) => ({
        ...{ section: 'session', item: state, id: cashSessionId },
        ...{ register: registers.get(registerId) ?? null, cashier: users.get(cashierId) ?? null },
        ...{ count: payments, ...figures },
      }),
    ),
  ];
}

function restOf({ cash, prepaid, received, orders }: DailyCutView): Line[] {
  return [
    ...CASH_ITEMS.map((item) => ({ section: 'cash', item, amount: cash[item] })),
    ...PREPAID_ITEMS.map((item) => ({ section: 'prepaid', item, amount: prepaid[item] })),
    { section: 'received', amount: received },
    ...ORDER_ITEMS.map((item) => ({
      ...{ section: 'orders', item, count: orders[item].orders, amount: orders[item].amount },
    })),
  ];
}

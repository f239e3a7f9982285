import {
  BooleanField,
  ChoiceField,
  DayField,
  IdField,
  InstantField,
  IntegerField,
  ListField,
  MAX_SUM,
  ObjectField,
  PesosField,
  pick,
  TextField,
} from '#kernel';
import { CASH_SESSION_STATES } from '../cash-session/cash-session.entity.js';
import type { CashSessionState } from '../cash-session/cash-session.entity.js';
import { PAYMENT_METHODS } from '../payment/payment.entity.js';
import type { PaymentMethod } from '../payment/payment.entity.js';
import { PrepaidFiguresField } from '../prepaid/prepaid.view.js';
import type { PrepaidFiguresView } from '../prepaid/prepaid.view.js';
import { receivedIn } from './daily-cut.entity.js';
import type { DailyCut } from './daily-cut.entity.js';
import type { DayReading } from './daily-cut.service.js';

/** Voids and refunds of another day's charges can outweigh what came in. */
const SUM = { min: -MAX_SUM, max: MAX_SUM };
const COUNT = { min: 0, max: 10_000_000 };

class TallyView {
  @PesosField(SUM)
  amount!: number;

  @IntegerField({ ...COUNT, description: 'number of payments' })
  payments!: number;
}

class MethodTotalView extends TallyView {
  @ChoiceField(PAYMENT_METHODS)
  method!: PaymentMethod;
}

class CashierTotalView extends TallyView {
  @IdField()
  cashierId!: string;
}

class SessionTotalView extends TallyView {
  @IdField()
  cashSessionId!: string;

  @IdField()
  cashierId!: string;

  @IdField()
  registerId!: string;

  @ChoiceField(CASH_SESSION_STATES)
  state!: CashSessionState;

  @PesosField(SUM)
  openingAmount!: number;

  @PesosField({ ...SUM, nullable: true })
  expectedAmount!: number | null;

  @PesosField({ ...SUM, nullable: true })
  countedAmount!: number | null;

  @PesosField({ ...SUM, nullable: true })
  difference!: number | null;
}

class CashFiguresView {
  @PesosField({ ...SUM, description: 'roundings of cash payments (Ley 20.956)' })
  rounding!: number;

  @PesosField(SUM)
  cashIn!: number;

  @PesosField(SUM)
  cashOut!: number;

  @PesosField(SUM)
  drops!: number;

  @PesosField(SUM)
  voids!: number;

  @PesosField(SUM)
  refunds!: number;

  @PesosField({ ...SUM, nullable: true, description: 'counted minus expected, all sessions' })
  difference!: number | null;
}

class OrderTallyView {
  @IntegerField(COUNT)
  orders!: number;

  @PesosField(SUM)
  amount!: number;
}

class OrderFiguresView {
  @ObjectField(() => OrderTallyView)
  taken!: OrderTallyView;

  @ObjectField(() => OrderTallyView)
  delivered!: OrderTallyView;

  @ObjectField(() => OrderTallyView)
  cancelled!: OrderTallyView;

  @ObjectField(() => OrderTallyView, { description: 'owed to the branch at that moment' })
  outstanding!: OrderTallyView;
}

/** In the order in which papers tell of them. */
export const CASH_ITEMS = [
  'rounding',
  'cashIn',
  'cashOut',
  'drops',
  'voids',
  'refunds',
  'difference',
] as const satisfies readonly (keyof CashFiguresView)[];

/** In the order in which papers tell of them. */
export const ORDER_ITEMS = [
  'taken',
  'delivered',
  'cancelled',
  'outstanding',
] as const satisfies readonly (keyof OrderFiguresView)[];

/** In the order in which papers tell of them. */
export const PREPAID_ITEMS = [
  'received',
  'returned',
  'spent',
] as const satisfies readonly (keyof PrepaidFiguresView)[];

/** What a cut and a reading have in common. */
class SumsView {
  @PesosField({ ...SUM, description: 'whole pesos applied to orders, by all methods' })
  total!: number;

  @IntegerField({ ...COUNT, description: 'number of charges' })
  payments!: number;

  @ListField(() => MethodTotalView, { maxItems: 10 })
  byMethod!: MethodTotalView[];

  @ListField(() => CashierTotalView, { maxItems: 1000 })
  byCashier!: CashierTotalView[];

  @ListField(() => SessionTotalView, { maxItems: 1000 })
  bySession!: SessionTotalView[];

  @ObjectField(() => CashFiguresView)
  cash!: CashFiguresView;

  @PesosField({
    ...SUM,
    description: 'whole pesos that came in: the total without what balances paid, with prepayments',
  })
  received!: number;

  @PrepaidFiguresField()
  prepaid!: PrepaidFiguresView;

  @ObjectField(() => OrderFiguresView)
  orders!: OrderFiguresView;

  @TextField({ max: 64, description: 'SHA-256 over every row that was summed' })
  rowsHash!: string;
}

const SUM_KEYS = [
  'total',
  'payments',
  'byMethod',
  'byCashier',
  'bySession',
  'cash',
  'prepaid',
  'orders',
  'rowsHash',
] as const;

/** Where counting is blind, what was expected and what differs is null, as in a session's view. */
function sumsOf(sums: DailyCut | DayReading, seesExpected: boolean): SumsView {
  const figures = { ...pick(sums, ...SUM_KEYS), received: receivedIn(sums) };
  if (seesExpected) return figures;
  const hidden = { expectedAmount: null, difference: null };
  return {
    ...figures,
    bySession: figures.bySession.map((session) => ({ ...session, ...hidden })),
    cash: { ...figures.cash, difference: null },
  };
}

/** A reading (X) of a day; kept nowhere. */
export class DayReadingView extends SumsView {
  @IdField()
  branchId!: string;

  @DayField()
  date!: string;

  @InstantField()
  readAt!: string;

  /** @param seesExpected whether whoever asks may know what sessions should hold */
  static of(this: void, reading: DayReading, seesExpected: boolean): DayReadingView {
    return {
      branchId: reading.branchId,
      ...sumsOf(reading, seesExpected),
      date: reading.businessDate,
      readAt: reading.readAt.toISOString(),
    };
  }
}

export class DailyCutView extends SumsView {
  @IdField()
  id!: string;

  @IdField()
  branchId!: string;

  @DayField()
  date!: string;

  @IntegerField({
    min: 1,
    max: 10_000,
    description: '1 is the day’s cut; later ones add late sessions',
  })
  sequence!: number;

  @IdField({ nullable: true })
  cutBy!: string | null;

  @InstantField()
  createdAt!: string;

  @BooleanField({ description: 'made while sessions of the day were open' })
  forced!: boolean;

  @TextField({
    max: 90,
    nullable: true,
    description: 'last block of the event log’s seal by then: its number, a colon, its SHA-256',
  })
  auditAnchor!: string | null;

  /** @param seesExpected whether whoever asks may know what sessions should hold */
  static of(this: void, cut: DailyCut, seesExpected: boolean): DailyCutView {
    return {
      ...pick(cut, 'id', 'branchId', 'sequence', 'cutBy', 'forced', 'auditAnchor'),
      ...sumsOf(cut, seesExpected),
      date: cut.businessDate,
      createdAt: cut.createdAt.toISOString(),
    };
  }
}

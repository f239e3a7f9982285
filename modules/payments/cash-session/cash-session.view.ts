import {
  ChoiceField,
  DayField,
  IdField,
  InstantField,
  IntegerField,
  ListField,
  MAX_SUM,
  PesosField,
  pick,
  TextField,
} from '#kernel';
import { MONEY_METHODS } from '../payment/payment.entity.js';
import type { MoneyMethod } from '../payment/payment.entity.js';
import { PrepaidFiguresField } from '../prepaid/prepaid.view.js';
import type { PrepaidFiguresView } from '../prepaid/prepaid.view.js';
import { Denomination } from './cash-session.denominations.js';
import { CASH_SESSION_STATES } from './cash-session.entity.js';
import type { CashSession, CashSessionState } from './cash-session.entity.js';

class MethodReconciliationView {
  @ChoiceField(MONEY_METHODS)
  method!: MoneyMethod;

  @PesosField({ min: -MAX_SUM, max: MAX_SUM })
  expected!: number;

  @PesosField({ nullable: true })
  counted!: number | null;

  @PesosField({ nullable: true, min: -MAX_SUM, max: MAX_SUM })
  difference!: number | null;
}

export class CashSessionView {
  @IdField()
  id!: string;

  @IdField()
  branchId!: string;

  @IdField()
  registerId!: string;

  @IdField()
  cashierId!: string;

  @DayField()
  businessDate!: string;

  @ChoiceField(CASH_SESSION_STATES)
  state!: CashSessionState;

  @PesosField()
  openingAmount!: number;

  @PesosField({
    nullable: true,
    min: -MAX_SUM,
    max: MAX_SUM,
    description: 'whole pesos that should be there; from closing on',
  })
  expectedAmount!: number | null;

  @PesosField({ nullable: true })
  countedAmount!: number | null;

  @PesosField({
    nullable: true,
    min: -MAX_SUM,
    max: MAX_SUM,
    description: 'whole pesos, counted minus expected',
  })
  difference!: number | null;

  @PesosField({
    nullable: true,
    min: -MAX_SUM,
    max: MAX_SUM,
    description: 'whole pesos, this float minus the register’s last count',
  })
  openingDifference!: number | null;

  @ListField(() => Denomination, { nullable: true, maxItems: 9 })
  openingDenominations!: readonly Denomination[] | null;

  @ListField(() => Denomination, { nullable: true, maxItems: 9 })
  countedDenominations!: readonly Denomination[] | null;

  @IdField({ nullable: true })
  countedBy!: string | null;

  @IdField({ nullable: true, description: 'who approved a high difference' })
  approvedBy!: string | null;

  @ListField(() => MethodReconciliationView, { nullable: true, maxItems: 10 })
  byMethod!: readonly MethodReconciliationView[] | null;

  @PrepaidFiguresField({ nullable: true })
  prepaid!: PrepaidFiguresView | null;

  @TextField({ max: 500, nullable: true })
  note!: string | null;

  @InstantField()
  openedAt!: string;

  @InstantField({ nullable: true })
  endedAt!: string | null;

  @InstantField({ nullable: true })
  closedAt!: string | null;

  @IdField({ nullable: true })
  dailyCutId!: string | null;

  @IntegerField({ min: 1, max: 2_147_483_647 })
  version!: number;

  /** @param seesExpected whether whoever asks may know what the session should hold */
  static of(this: void, session: CashSession, seesExpected: boolean): CashSessionView {
    return {
      ...pick(
        session,
        'id',
        'branchId',
        'registerId',
        'cashierId',
        'businessDate',
        'state',
        'openingAmount',
        'countedAmount',
        'openingDenominations',
        'countedDenominations',
        'countedBy',
        'approvedBy',
        'note',
        'dailyCutId',
        'version',
      ),
      expectedAmount: seesExpected ? session.expectedAmount : null,
      difference: seesExpected ? session.difference : null,
      openingDifference: seesExpected ? session.openingDifference : null,
      byMethod: seesExpected ? session.byMethod : null,
      prepaid: seesExpected ? session.prepaid : null,
      openedAt: session.createdAt.toISOString(),
      endedAt: session.endedAt?.toISOString() ?? null,
      closedAt: session.closedAt?.toISOString() ?? null,
    };
  }
}

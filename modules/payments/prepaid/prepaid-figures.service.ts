import { Injectable } from '@nestjs/common';
import { Database } from '#kernel';
import { MONEY_METHODS } from '../payment/payment.entity.js';
import type { MoneyMethod } from '../payment/payment.entity.js';
import type { PrepaidKind } from './prepaid-entry.entity.js';

/** What prepaid balances did in some sessions, in whole pesos. */
export interface PrepaidFigures {
  /** Paid ahead. Money that came in; nothing was sold for it yet. */
  readonly received: number;
  /** Prepayments that went back; not above 0. */
  readonly returned: number;
  /** Paid out of balances, less what was put back. A sale; no money came in. */
  readonly spent: number;
  /** Received and returned by the method of the money. */
  readonly byMethod: readonly { readonly method: MoneyMethod; readonly amount: number }[];
}

interface Row {
  readonly kind: PrepaidKind;
  readonly method: MoneyMethod | null;
  readonly amount: string;
}

const FIGURES = `SELECT kind, method, sum(amount) AS amount FROM payments_prepaid_entry
  WHERE company_id = $1 AND cash_session_id = ANY($2) GROUP BY kind, method`;

/** Sums over the prepaid ledger, by session and whatever the actor may see. */
@Injectable()
export class PrepaidFiguresService {
  constructor(private readonly database: Database) {}

  /** The figures of some sessions together. */
  async of(cashSessionIds: readonly string[]): Promise<PrepaidFigures> {
    const rows = await this.database.rows<Row>(FIGURES, [this.database.companyId, cashSessionIds]);
    const sum = (fits: (row: Row) => boolean): number =>
      rows.filter(fits).reduce((total, row) => total + Number(row.amount), 0);
    return {
      received: sum(({ kind }) => kind === 'prepay'),
      returned: sum(({ kind }) => kind === 'prepay_void' || kind === 'prepay_refund'),
      spent: 0 - sum(({ kind }) => kind === 'spend' || kind === 'restore'),
      byMethod: MONEY_METHODS.map((method) => ({
        method,
        amount: sum((row) => row.method === method),
      })),
    };
  }
}

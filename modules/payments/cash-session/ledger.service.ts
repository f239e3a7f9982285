import { Injectable } from '@nestjs/common';
import { Database } from '#kernel';
import { MONEY_METHODS } from '../payment/payment.entity.js';
import type { MoneyMethod } from '../payment/payment.entity.js';
import type { CashSession } from './cash-session.entity.js';

/** What a session must hold of one method, in whole pesos. */
export interface Expected {
  readonly method: MoneyMethod;
  readonly amount: number;
}

/**
 * Sums of the ledger: opening, payments, prepayments, roundings, movements. By the session's id and never by a
 * time window, and without the actor's record rules: what she may not see is in the drawer all
 * the same.
 */
@Injectable()
export class LedgerService {
  constructor(private readonly database: Database) {}

  /** What the session must hold, by method. The caller holds the session's exclusive lock. */
  async expected(session: CashSession): Promise<Expected[]> {
    const rows = await this.database.rows<{ method: MoneyMethod; amount: string }>(
      `SELECT method, sum(amount) AS amount FROM payments_ledger
       WHERE company_id = $1 AND cash_session_id = $2 GROUP BY method`,
      [session.companyId, session.id],
    );
    return MONEY_METHODS.map((method) => ({
      method,
      amount: Number(rows.find((row) => row.method === method)?.amount ?? 0),
    }));
  }

  /** What must be in the drawer. */
  async expectedCash(session: CashSession): Promise<number> {
    return cashOf(await this.expected(session));
  }
}

/** The cash among what a session must hold, in whole pesos. */
export function cashOf(expected: readonly Expected[]): number {
  return expected.find(({ method }) => method === 'cash')?.amount ?? 0;
}

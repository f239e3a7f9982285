import { Injectable } from '@nestjs/common';
import { Database } from '#kernel';

/** Payments of a branch's business day, whole pesos. */
export interface PaymentDay {
  readonly date: string;
  readonly branchId: string;
  /** Charges, also those taken back since. */
  readonly payments: number;
  /** Charges less what was taken back. */
  readonly amount: number;
}

/** What a daily cut says of one of its sessions. */
export interface CutSession {
  readonly date: string;
  readonly cashSessionId: string;
  readonly payments: number;
  /** Whole pesos. */
  readonly amount: number;
}

const DAYS = `SELECT to_char(business_date, 'YYYY-MM-DD') AS date, branch_id AS "branchId",
    (count(*) FILTER (WHERE kind = 'charge'))::integer AS payments, sum(amount)::float8 AS amount
  FROM payments_payment WHERE company_id = $1 GROUP BY business_date, branch_id`;

const CUTS = `SELECT to_char(c.business_date, 'YYYY-MM-DD') AS date, s."cashSessionId", s.payments,
    s.amount::float8 AS amount
  FROM payments_daily_cut c,
    jsonb_to_recordset(c.by_session) AS s("cashSessionId" uuid, payments integer, amount bigint)
  WHERE c.company_id = $1`;

/** Payments for addons that keep a copy of them; for the whole company, whoever asks. */
@Injectable()
export class PaymentFiguresService {
  constructor(private readonly database: Database) {}

  /** Every day and branch with payments, in no order: what a copy is compared with. */
  async days(): Promise<PaymentDay[]> {
    return this.read(() => this.database.rowsByPlan(DAYS, [this.database.companyId]));
  }

  /** Every session of every daily cut, as the cut froze it. */
  async cutSessions(): Promise<CutSession[]> {
    return this.read(() => this.database.rowsByPlan(CUTS, [this.database.companyId]));
  }

  private read<T>(work: () => Promise<T>): Promise<T> {
    return this.database.transaction(work);
  }
}

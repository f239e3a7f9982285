import { Injectable } from '@nestjs/common';
import { Database, ownWordsOf, PersonalData } from '#kernel';
import type {
  Erased,
  ErasureObstacle,
  HeldRecords,
  HeldRow,
  Mention,
  Person,
  PersonalSubjects,
} from '#kernel';
import { RestatementService } from '../daily-cut/restatement.service.js';
import type { RowsToForget } from '../daily-cut/restatement.service.js';

const PAYMENTS = `SELECT p.id, o.ticket, p.business_date, p.kind, p.method, p.amount, p.collected, p.tendered, p.change,
    p.reference, p.reason, p.created_at
  FROM payments_payment p JOIN sales_order o ON o.company_id = p.company_id AND o.id = p.order_id
  WHERE p.company_id = $1 AND o.customer_id = $2 ORDER BY p.created_at, p.id`;

const PAYMENT_IDS = `SELECT p.id FROM payments_payment p
  JOIN sales_order o ON o.company_id = p.company_id AND o.id = p.order_id
  WHERE p.company_id = $1 AND o.customer_id = $2`;

const PREPAID = `SELECT sequence, business_date, kind, amount, balance_after, method, reference, reason, created_at
  FROM payments_prepaid_entry WHERE company_id = $1 AND customer_id = $2 ORDER BY sequence`;

const SAYING = `(t.reason IS NOT NULL AND t.reason <> '(suprimido)')
  OR (t.reference ~* $3 AND t.reference <> '(suprimido)')`;

const PAYMENTS_SAYING = `SELECT t.id, t.cash_session_id AS "cashSessionId"
  FROM payments_payment t JOIN sales_order o ON o.company_id = t.company_id AND o.id = t.order_id
  WHERE t.company_id = $1 AND o.customer_id = $2 AND (${SAYING})`;

const PREPAID_SAYING = `SELECT t.id, t.cash_session_id AS "cashSessionId"
  FROM payments_prepaid_entry t WHERE t.company_id = $1 AND t.customer_id = $2 AND (${SAYING})`;

const TEXT_TABLES = [
  ['payments_payment', 'payment', 'cash_session_id'],
  ['payments_prepaid_entry', 'prepaid', 'cash_session_id'],
  ['payments_entry', 'entry', 'cash_session_id'],
  ['payments_cash_session', 'session', 'id'],
] as const;

const BALANCE = `SELECT balance::float8 AS balance FROM payments_prepaid_account
  WHERE company_id = $1 AND id = $2`;

/** Money rows: figures and numbers of papers stay. What somebody wrote beside them goes. */
const KEPT_BY = 'Código Tributario, arts. 17 y 200 (respaldo contable, seis años)';

/** What a customer paid, ahead or for orders. */
@Injectable()
export class PaymentsPersonalData extends PersonalData {
  constructor(
    private readonly database: Database,
    private readonly restatements: RestatementService,
  ) {
    super();
  }

  override async subjects({ customerId }: Person): Promise<readonly PersonalSubjects[]> {
    const payments = await this.about<{ id: string }>(PAYMENT_IDS, customerId);
    const texts = ['reference', 'reason'];
    return [
      { type: 'payments.payment', ids: payments.map(({ id }) => id), texts },
      { type: 'payments.prepaid_account', ids: [customerId], texts },
    ];
  }

  async held({ customerId }: Person): Promise<readonly HeldRecords[]> {
    return [
      {
        name: 'pagos',
        title: 'Pagos de los pedidos',
        rows: this.each(PAYMENTS, customerId),
      },
      {
        name: 'saldo_prepagado',
        title: 'Movimientos del saldo prepagado',
        rows: this.each(PREPAID, customerId),
      },
    ];
  }

  override async obstacles({ customerId }: Person): Promise<readonly ErasureObstacle[]> {
    const [{ balance } = { balance: 0 }] = await this.about<{ balance: number }>(
      BALANCE,
      customerId,
    );
    return balance > 0 ? [{ what: 'prepaid-balance', count: balance }] : [];
  }

  async erase(person: Person): Promise<readonly Erased[]> {
    const { customerId } = person;
    const { any } = ownWordsOf(person);
    const saying = (sql: string): Promise<RowsToForget['rows']> =>
      this.database.rows(sql, [this.database.companyId, customerId, any]);
    const texts = await this.restatements.forget(
      [
        { kind: 'payment', rows: await saying(PAYMENTS_SAYING) },
        { kind: 'prepaid', rows: await saying(PREPAID_SAYING) },
      ],
      any,
    );
    return [
      { what: 'reasons and references of payments', count: texts, keptBy: null },
      { what: 'payments', count: await this.count(PAYMENTS, customerId), keptBy: KEPT_BY },
      { what: 'prepaid movements', count: await this.count(PREPAID, customerId), keptBy: KEPT_BY },
    ];
  }

  /** Movements and notes of the cash belong to no customer; who is named in them is for somebody to look at. */
  override async redact(mentions: readonly Mention[]): Promise<readonly Mention[]> {
    const done: Mention[] = [];
    for (const [table, kind, session] of TEXT_TABLES) {
      const named = mentions.filter(({ where }) => where.startsWith(`${table}.`));
      if (named.length === 0) continue;
      const rows = await this.database.rows<RowsToForget['rows'][number]>(
        `SELECT id, ${session} AS "cashSessionId" FROM ${table} WHERE company_id = $1 AND id = ANY($2)`,
        [this.database.companyId, named.map(({ id }) => id)],
      );
      await this.restatements.forget([{ kind, rows }], '.');
      done.push(...named);
    }
    return done;
  }

  private async count(sql: string, customerId: string): Promise<number> {
    const counted = `SELECT count(*)::float8 AS n FROM (${sql}) AS kept`;
    const [row] = await this.about<{ n: number }>(counted, customerId);
    return row?.n ?? 0;
  }

  private each(sql: string, customerId: string): AsyncIterable<HeldRow> {
    return this.database.each<HeldRow>(sql, [this.database.companyId, customerId]);
  }

  private about<R extends object = Record<string, unknown>>(
    sql: string,
    customerId: string,
  ): Promise<R[]> {
    return this.database.rows<R>(sql, [this.database.companyId, customerId]);
  }
}

import { Injectable } from '@nestjs/common';
import { Database, PersonalData } from '#kernel';
import type { Erased, ErasureObstacle, HeldRecords, Person, PersonalSubjects } from '#kernel';

const PAYMENTS = `SELECT p.id, o.ticket, p.business_date, p.kind, p.method, p.amount, p.collected, p.tendered, p.change,
    p.reference, p.reason, p.created_at
  FROM payments_payment p JOIN sales_order o ON o.company_id = p.company_id AND o.id = p.order_id
  WHERE p.company_id = $1 AND o.customer_id = $2 ORDER BY p.created_at, p.id`;

const PREPAID = `SELECT sequence, business_date, kind, amount, balance_after, method, reference, reason, created_at
  FROM payments_prepaid_entry WHERE company_id = $1 AND customer_id = $2 ORDER BY sequence`;

const BALANCE = `SELECT balance::float8 AS balance FROM payments_prepaid_account
  WHERE company_id = $1 AND id = $2`;

/** Money rows: they stay as they are, since a day's cut is a hash over them and the law wants both. */
const KEPT_BY = 'Código Tributario, arts. 17 y 200 (respaldo contable, seis años)';

/** What a customer paid, ahead or for orders. */
@Injectable()
export class PaymentsPersonalData extends PersonalData {
  constructor(private readonly database: Database) {
    super();
  }

  override async subjects({ customerId }: Person): Promise<readonly PersonalSubjects[]> {
    const payments = await this.about<{ id: string }>(PAYMENTS, customerId);
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
        rows: await this.about(PAYMENTS, customerId),
      },
      {
        name: 'saldo_prepagado',
        title: 'Movimientos del saldo prepagado',
        rows: await this.about(PREPAID, customerId),
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

  async erase({ customerId }: Person): Promise<readonly Erased[]> {
    const payments = await this.about(PAYMENTS, customerId);
    const prepaid = await this.about(PREPAID, customerId);
    return [
      { what: 'payments', count: payments.length, keptBy: KEPT_BY },
      { what: 'prepaid movements', count: prepaid.length, keptBy: KEPT_BY },
    ];
  }

  private about<R extends object = Record<string, unknown>>(
    sql: string,
    customerId: string,
  ): Promise<R[]> {
    return this.database.rows<R>(sql, [this.database.companyId, customerId]);
  }
}

import { Injectable } from '@nestjs/common';
import { Clock, Database, PersonalData, Records } from '#kernel';
import type {
  Erased,
  ErasureObstacle,
  HeldRecords,
  HeldRow,
  Person,
  PersonalSubjects,
} from '#kernel';
import { Customer } from '../customer/customer.entity.js';

/** What stands in the place of a customer's name. */
const FORGOTTEN = '(suprimido)';

const ORDERS = `SELECT id, ticket, business_date, state, total, paid_amount, notes, cancel_reason, created_at,
    promised_at, ready_at, delivered_at, cancelled_at
  FROM sales_order WHERE company_id = $1 AND customer_id = $2 ORDER BY created_at, id`;

const ORDER_IDS = 'SELECT id FROM sales_order WHERE company_id = $1 AND customer_id = $2';

const LINES = `SELECT o.ticket, l.position, l.service_name, l.quantity, l.unit_price, l.total, l.garment_tags, l.notes
  FROM sales_order_line l JOIN sales_order o ON o.id = l.order_id AND o.company_id = l.company_id
  WHERE o.company_id = $1 AND o.customer_id = $2 ORDER BY o.created_at, l.order_id, l.position`;

const OPEN = `SELECT count(*) FILTER (WHERE state IN ('received', 'in_process', 'ready'))::integer AS open,
    count(*) FILTER (WHERE delivered_owing)::integer AS owing
  FROM sales_order WHERE company_id = $1 AND customer_id = $2`;

const FORGET_ORDERS = `UPDATE sales_order SET notes = NULL, version = version + 1,
    cancel_reason = CASE WHEN cancel_reason IS NULL THEN NULL ELSE '${FORGOTTEN}' END
  WHERE company_id = $1 AND customer_id = $2
    AND (notes IS NOT NULL OR coalesce(cancel_reason, '${FORGOTTEN}') <> '${FORGOTTEN}')`;

const FORGET_LINES = `UPDATE sales_order_line l SET notes = NULL, garment_tags = '{}' FROM sales_order o
  WHERE o.id = l.order_id AND o.company_id = $1 AND o.customer_id = $2 AND l.company_id = $1
    AND (l.notes IS NOT NULL OR l.garment_tags <> '{}')`;

/** Customer, orders and what was noted beside them. */
@Injectable()
export class SalesPersonalData extends PersonalData {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly clock: Clock,
  ) {
    super();
  }

  override async subjects({ customerId }: Person): Promise<readonly PersonalSubjects[]> {
    const orders = await this.about<{ id: string }>(ORDER_IDS, customerId);
    return [
      { type: 'sales.customer', ids: [customerId], texts: ['notes', 'name'] },
      {
        type: 'sales.order',
        ids: orders.map(({ id }) => id),
        texts: ['notes', 'cancelReason', 'reason'],
      },
    ];
  }

  async held({ customerId }: Person): Promise<readonly HeldRecords[]> {
    const customer = await this.records.get(Customer, customerId);
    const { name, rut, phone, email, notes, active, createdAt } = customer;
    return [
      {
        name: 'cliente',
        title: 'Ficha del cliente',
        rows: [{ id: customer.id, name, rut, phone, email, notes, active, createdAt }],
      },
      { name: 'pedidos', title: 'Pedidos', rows: this.each(ORDERS, customerId) },
      {
        name: 'lineas_de_pedidos',
        title: 'Prendas y servicios de los pedidos',
        rows: this.each(LINES, customerId),
      },
    ];
  }

  override async obstacles({ customerId }: Person): Promise<readonly ErasureObstacle[]> {
    const [{ open, owing } = { open: 0, owing: 0 }] = await this.about<{
      open: number;
      owing: number;
    }>(OPEN, customerId);
    return [
      { what: 'open-orders', count: open },
      { what: 'unpaid-orders', count: owing },
    ].filter(({ count }) => count > 0);
  }

  async erase({ customerId }: Person): Promise<readonly Erased[]> {
    const scope = [this.database.companyId, customerId];
    const orders = await this.database.change(FORGET_ORDERS, scope);
    const lines = await this.database.change(FORGET_LINES, scope);
    const [{ kept } = { kept: 0 }] = await this.database.rows<{ kept: number }>(
      'SELECT count(*)::integer AS kept FROM sales_order WHERE company_id = $1 AND customer_id = $2',
      scope,
    );
    const customer = await this.records.get(Customer, customerId, 'update');
    const isNew = customer.erasedAt === null;
    if (isNew) {
      const nothing = { rut: null, phone: null, email: null, notes: null };
      const erasedAt = this.clock.now();
      await this.records.store(
        Object.assign(customer, nothing, { name: FORGOTTEN, active: false, erasedAt }),
      );
    }
    return [
      { what: 'customer', count: isNew ? 1 : 0, keptBy: null },
      { what: 'notes of orders', count: orders, keptBy: null },
      { what: 'notes and tags of garments', count: lines, keptBy: null },
      {
        what: 'orders, without the person',
        count: kept,
        keptBy: 'Código Tributario, arts. 17 y 200 (respaldo de las ventas)',
      },
    ];
  }

  private each(sql: string, customerId: string): AsyncIterable<HeldRow> {
    return this.database.each<HeldRow>(sql, [this.database.companyId, customerId]);
  }

  private about<R>(sql: string, customerId: string): Promise<R[]> {
    return this.database.rows<R>(sql, [this.database.companyId, customerId]);
  }
}

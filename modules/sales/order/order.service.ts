import { Injectable } from '@nestjs/common';
import {
  businessDay,
  Clock,
  Database,
  defineList,
  Events,
  isPesos,
  priceOf,
  Problem,
  Records,
} from '#kernel';
import type { Changes, EventDefinition, Page, Subject } from '#kernel';
import { BranchService, Numbering, SettingService } from '#modules/base';
import { Customer } from '../customer/customer.entity.js';
import { Service } from '../service/service.entity.js';
import { DELIVER_WITH_BALANCE } from './order.settings.js';
import { OrderLine } from './order-line.entity.js';
import { Order, ORDER_STATES } from './order.entity.js';
import * as events from './order.events.js';
import type { CancelOrder, CreateOrder, CreateOrderLine } from './order.input.js';
import {
  CustomerUnknown,
  OrderTooLarge,
  QuantityNotWhole,
  ServiceNotOffered,
} from './order.problems.js';

/** What clients may ask of the orders. */
export const orderList = defineList({
  entity: Order,
  filters: {
    branchId: 'id',
    customerId: 'id',
    state: ORDER_STATES,
    ticket: 'text',
    number: 'integer',
    total: 'integer',
    businessDate: 'day',
    createdAt: 'instant',
  },
  sorts: ['createdAt', 'number', 'total'],
  sort: '-createdAt',
});

/** An order and its lines. */
export interface OrderWithLines {
  readonly order: Order;
  readonly lines: OrderLine[];
}

type LineDraft = Omit<OrderLine, 'id' | 'companyId' | 'createdAt' | 'orderId'>;

/** Orders from the counter to the customer's hand. */
@Injectable()
export class OrderService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly clock: Clock,
    private readonly branches: BranchService,
    private readonly numbering: Numbering,
    private readonly settings: SettingService,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<Order>> {
    return this.database.transaction(() => this.records.page(orderList, query));
  }

  async show(id: string): Promise<OrderWithLines> {
    return this.database.transaction(async () => this.withLines(await this.records.get(Order, id)));
  }

  /** Takes an order at today's prices. */
  async create(input: CreateOrder): Promise<OrderWithLines> {
    return this.database.transaction(async () => {
      const branch = await this.branches.demandActive(input.branchId);
      await this.demandCustomer(input.customerId);
      const drafts = await this.priceLines(input.lines);
      const total = drafts.reduce((sum, line) => sum + line.total, 0);
      if (!isPesos(total)) throw new Problem(OrderTooLarge);
      const number = await this.numbering.next('sales.order', branch.id);
      const order = await this.records.insert(Order, {
        ...emptyOrder(),
        branchId: branch.id,
        customerId: input.customerId ?? null,
        number,
        ticket: `${branch.code}-${number}`,
        businessDate: businessDay(this.clock.now()),
        promisedAt: input.promisedAt ? new Date(input.promisedAt) : null,
        notes: input.notes ?? null,
        total,
      });
      const rows = drafts.map((line) => ({ ...line, orderId: order.id }));
      const lines = await this.records.insertAll(OrderLine, rows);
      await this.announce(events.OrderCreated, order);
      return { order, lines };
    });
  }

  async start(id: string): Promise<OrderWithLines> {
    return this.change(id, events.OrderStarted, (order) => order.start(this.clock.now()));
  }

  async markReady(id: string): Promise<OrderWithLines> {
    return this.change(id, events.OrderReady, (order) => order.markReady(this.clock.now()));
  }

  async deliver(id: string): Promise<OrderWithLines> {
    return this.database.transaction(async () => {
      const withBalance = await this.settings.value<boolean>(DELIVER_WITH_BALANCE);
      return this.change(id, events.OrderDelivered, (order) =>
        order.deliver(this.clock.now(), withBalance),
      );
    });
  }

  async cancel(id: string, { reason }: CancelOrder): Promise<OrderWithLines> {
    const work = (order: Order): void => order.cancel(this.clock.now(), reason);
    return this.change(id, events.OrderCancelled, work, reason);
  }

  /**
   * Applies money to an order, in the caller's transaction: the only way its paid amount
   * changes. Locks the order's row first, so that simultaneous payments see each other.
   *
   * @param amount whole pesos, more than 0
   * @throws Problem NotFound, OrderNotInState (cancelled), PaymentExceedsBalance
   */
  async applyPayment(id: string, amount: number): Promise<Order> {
    return this.database.transaction(async () => {
      const order = await this.records.get(Order, id, 'update');
      order.applyPayment(amount);
      await this.records.store(order);
      return order;
    });
  }

  /** Locks an order's row until the transaction ends: the first lock on every path of money. */
  async hold(id: string): Promise<Order> {
    return this.database.transaction(() => this.records.get(Order, id, 'update'));
  }

  /**
   * Takes applied money back from an order, in the caller's transaction; locks the order's row.
   *
   * @param amount whole pesos, at most what is applied
   * @throws Problem NotFound
   */
  async takeBackPayment(id: string, amount: number): Promise<Order> {
    return this.database.transaction(async () => {
      const order = await this.records.get(Order, id, 'update');
      order.takeBackPayment(amount);
      await this.records.store(order);
      return order;
    });
  }

  /** Whole pesos applied to each of the orders, whatever the actor may see of them. */
  async paidAmounts(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return this.database.transaction(async () => {
      const rows = await this.database.rows<{ id: string; paid: string }>(
        'SELECT id, paid_amount AS paid FROM sales_order WHERE company_id = $1 AND id = ANY($2)',
        [this.database.companyId, ids],
      );
      return new Map(rows.map(({ id, paid }) => [id, Number(paid)]));
    });
  }

  private async change(
    id: string,
    event: EventDefinition<events.OrderFacts>,
    work: (order: Order) => void,
    reason?: string,
  ): Promise<OrderWithLines> {
    return this.database.transaction(async () => {
      const order = await this.records.get(Order, id, 'update');
      work(order);
      const changes = await this.records.store(order);
      await this.announce(event, order, changes, reason);
      return this.withLines(order);
    });
  }

  private async announce(
    event: EventDefinition<events.OrderFacts>,
    order: Order,
    changes: Changes = {},
    reason?: string,
  ): Promise<void> {
    const { id: orderId, branchId, customerId, total } = order;
    const payload = { orderId, branchId, customerId, total };
    const subject: Subject = { type: 'sales.order', id: orderId, label: order.ticket };
    await this.events.publish(event, { subject, payload, changes, reason: reason ?? null });
  }

  private async withLines(order: Order): Promise<OrderWithLines> {
    const lines = await this.records.all(OrderLine, { orderId: order.id });
    return { order, lines: lines.sort((a, b) => a.position - b.position) };
  }

  private async demandCustomer(id: string | undefined): Promise<void> {
    if (id === undefined) return;
    const customer = await this.records.find(Customer, { id });
    if (!customer?.active) throw new Problem(CustomerUnknown);
  }

  private async priceLines(inputs: readonly CreateOrderLine[]): Promise<LineDraft[]> {
    const drafts: LineDraft[] = [];
    for (const [position, input] of inputs.entries()) {
      const service = await this.records.find(Service, { id: input.serviceId });
      const field = `lines.${position}`;
      if (!service?.active) throw new Problem(ServiceNotOffered, { extra: { field } });
      if (service.unit === 'unit' && !Number.isInteger(input.quantity)) {
        throw new Problem(QuantityNotWhole, { extra: { field } });
      }
      drafts.push({
        position,
        serviceId: service.id,
        serviceName: service.name,
        unitPrice: service.price,
        quantity: input.quantity,
        total: priceOf(service.price, input.quantity),
        garmentTags: input.garmentTags ?? [],
        notes: input.notes ?? null,
      });
    }
    return drafts;
  }
}

function emptyOrder(): Pick<
  Order,
  | 'state'
  | 'paidAmount'
  | 'deliveredOwing'
  | 'cancelReason'
  | 'startedAt'
  | 'readyAt'
  | 'deliveredAt'
  | 'cancelledAt'
> {
  return {
    state: 'received',
    paidAmount: 0,
    deliveredOwing: false,
    cancelReason: null,
    startedAt: null,
    readyAt: null,
    deliveredAt: null,
    cancelledAt: null,
  };
}

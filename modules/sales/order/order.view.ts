import {
  ChoiceField,
  DayField,
  IdField,
  InstantField,
  IntegerField,
  ListField,
  PesosField,
  pick,
  QuantityField,
  TextField,
  WordsField,
} from '#kernel';
import type { OrderLine } from './order-line.entity.js';
import { ORDER_STATES } from './order.entity.js';
import type { Order, OrderState } from './order.entity.js';

export class OrderLineView {
  @IdField()
  id!: string;

  @IdField()
  serviceId!: string;

  @TextField({ max: 100 })
  serviceName!: string;

  @PesosField()
  unitPrice!: number;

  @QuantityField()
  quantity!: number;

  @PesosField()
  total!: number;

  @WordsField({ maxItems: 200, max: 40 })
  garmentTags!: string[];

  @TextField({ max: 500, nullable: true })
  notes!: string | null;

  static of(this: void, line: OrderLine): OrderLineView {
    const { id, serviceId, serviceName, unitPrice, quantity, total, garmentTags, notes } = line;
    return { id, serviceId, serviceName, unitPrice, quantity, total, garmentTags, notes };
  }
}

/** An order as a list shows it. */
export class OrderView {
  @IdField()
  id!: string;

  @TextField({ max: 30, description: 'ticket number to read aloud' })
  ticket!: string;

  @IntegerField({ min: 1, max: 2_147_483_647 })
  number!: number;

  @IdField()
  branchId!: string;

  @IdField({ nullable: true })
  customerId!: string | null;

  @ChoiceField(ORDER_STATES)
  state!: OrderState;

  @DayField()
  businessDate!: string;

  @InstantField({ nullable: true })
  promisedAt!: string | null;

  @PesosField()
  total!: number;

  @PesosField({ description: 'whole pesos applied by payments' })
  paidAmount!: number;

  @PesosField({ description: 'whole pesos still owed' })
  balance!: number;

  @TextField({ max: 1000, nullable: true })
  notes!: string | null;

  @TextField({ max: 500, nullable: true })
  cancelReason!: string | null;

  @InstantField()
  createdAt!: string;

  @InstantField({ nullable: true })
  deliveredAt!: string | null;

  @IntegerField({ min: 1, max: 2_147_483_647 })
  version!: number;

  static of(this: void, order: Order): OrderView {
    return {
      ...pick(
        order,
        'id',
        'ticket',
        'number',
        'branchId',
        'customerId',
        'state',
        'businessDate',
        'total',
        'paidAmount',
        'balance',
        'notes',
        'cancelReason',
        'version',
      ),
      promisedAt: order.promisedAt?.toISOString() ?? null,
      createdAt: order.createdAt.toISOString(),
      deliveredAt: order.deliveredAt?.toISOString() ?? null,
    };
  }
}

/** One order with its lines. */
export class OrderWithLinesView extends OrderView {
  @ListField(() => OrderLineView, { maxItems: 100 })
  lines!: OrderLineView[];

  static withLines(
    this: void,
    { order, lines }: { order: Order; lines: OrderLine[] },
  ): OrderWithLinesView {
    return { ...OrderView.of(order), lines: lines.map(OrderLineView.of) };
  }
}

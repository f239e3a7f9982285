import { IdField, InstantField, ListField, QuantityField, TextField, WordsField } from '#kernel';

export class CreateOrderLine {
  @IdField()
  serviceId!: string;

  @QuantityField()
  quantity!: number;

  @WordsField({ maxItems: 200, max: 40, optional: true, description: 'tags of the garments' })
  garmentTags?: string[];

  @TextField({ max: 500, optional: true })
  notes?: string;
}

export class CreateOrder {
  @IdField()
  branchId!: string;

  @IdField({ optional: true })
  customerId?: string;

  @InstantField({ optional: true, description: 'when the customer was told it would be ready' })
  promisedAt?: string;

  @TextField({ max: 1000, optional: true })
  notes?: string;

  @ListField(() => CreateOrderLine, { minItems: 1, maxItems: 100 })
  lines!: CreateOrderLine[];
}

export class CancelOrder {
  @TextField({ min: 3, max: 500 })
  reason!: string;
}

import {
  ChoiceField,
  DayField,
  IdField,
  IntegerField,
  ListField,
  MAX_SUM,
  NumberField,
  ObjectField,
  PesosField,
  TextField,
} from '#kernel';
import { SERVICE_UNITS } from '../service/service.entity.js';
import type { ServiceUnit } from '../service/service.entity.js';

class ServiceTallyView {
  @IntegerField({ min: 0, max: 100_000_000, description: 'orders with the service in them' })
  orders!: number;

  @NumberField({ min: 0, max: 1e15, description: 'units or kilos; at most three decimals' })
  quantity!: number;

  @PesosField({ max: MAX_SUM, description: 'whole pesos, taxes included' })
  amount!: number;
}

export class ServiceDayView {
  @DayField({ description: 'business day on which the orders were taken' })
  date!: string;

  @IdField()
  serviceId!: string;

  @TextField({ max: 20 })
  code!: string;

  @TextField({ max: 100, description: 'as the service is called now' })
  name!: string;

  @ChoiceField(SERVICE_UNITS)
  unit!: ServiceUnit;

  @ObjectField(() => ServiceTallyView, { description: 'orders that stand' })
  sold!: ServiceTallyView;

  @ObjectField(() => ServiceTallyView, {
    description: 'orders of the day that were called off, then or later; not in `sold`',
  })
  cancelled!: ServiceTallyView;
}

export class ServiceSalesView {
  @ListField(() => ServiceDayView, { maxItems: 200 })
  items!: ServiceDayView[];

  @TextField({ max: 2_000, nullable: true, description: 'cursor of the next page' })
  next!: string | null;
}

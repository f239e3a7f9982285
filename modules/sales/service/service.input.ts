import { BooleanField, ChoiceField, PesosField, TextField } from '#kernel';
import { SERVICE_UNITS } from './service.entity.js';
import type { ServiceUnit } from './service.entity.js';

const PRICE = 'whole pesos per unit, taxes included';

export class CreateService {
  @TextField({ max: 20, pattern: /^[A-Z0-9][A-Z0-9-]*$/ })
  code!: string;

  @TextField({ max: 100 })
  name!: string;

  @ChoiceField(SERVICE_UNITS, { optional: true, description: 'unit unless said' })
  unit?: ServiceUnit;

  @PesosField({ description: PRICE, max: 100_000_000 })
  price!: number;
}

export class EditService {
  @TextField({ max: 100, optional: true })
  name?: string;

  @PesosField({ description: PRICE, max: 100_000_000, optional: true })
  price?: number;

  @BooleanField({ optional: true })
  active?: boolean;
}

import { IntersectionType } from '@nestjs/swagger';
import { DayRange, IdField, InstantField, PageQuery, TextField } from '#kernel';

const PERIOD = { max: 6, min: 6, pattern: /^20\d\d(0[1-9]|1[0-2])$/ } as const;

class AsKnown {
  @InstantField({
    optional: true,
    description: 'the report as it was known then; as it is known now when left out',
  })
  asOf?: string;

  @IdField({ optional: true, description: 'one branch; all of them when left out' })
  branchId?: string;
}

class MonthRange {
  @TextField({ ...PERIOD, description: 'first month, YYYYMM' })
  from!: string;

  @TextField({ ...PERIOD, description: 'last month, YYYYMM' })
  to!: string;
}

export class WarehouseDays extends IntersectionType(DayRange, AsKnown) {}

export class WarehouseMonths extends IntersectionType(MonthRange, AsKnown) {}

export class WarehouseDaysPage extends IntersectionType(WarehouseDays, PageQuery) {}

export class WarehouseMonthsPage extends IntersectionType(WarehouseMonths, PageQuery) {}

import { IntersectionType } from '@nestjs/swagger';
import { DayRange, IdField, PageQuery } from '#kernel';

export class ServiceSalesQuery extends IntersectionType(DayRange, PageQuery) {
  @IdField({ optional: true, description: 'one branch; all of them together when left out' })
  branchId?: string;
}

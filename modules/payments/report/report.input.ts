import { DayRange, IdField } from '#kernel';

export class Period extends DayRange {
  @IdField({ optional: true, description: 'one branch; all of them when left out' })
  branchId?: string;
}

export class OneBranch {
  @IdField({ optional: true, description: 'one branch; all of them when left out' })
  branchId?: string;
}

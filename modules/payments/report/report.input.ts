import { DayField, IdField } from '#kernel';

/** From one business day to another, both included; at most a year and a day apart. */
export class Period {
  @DayField({ description: 'first business day' })
  from!: string;

  @DayField({ description: 'last business day' })
  to!: string;

  @IdField({ optional: true, description: 'one branch; all of them when left out' })
  branchId?: string;
}

export class OneBranch {
  @IdField({ optional: true, description: 'one branch; all of them when left out' })
  branchId?: string;
}

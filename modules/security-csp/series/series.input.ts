import { DayField, IdField, TextField } from '#kernel';

export class SeriesQuery {
  @TextField({ max: 63, optional: true, description: 'slug of one app; all when left out' })
  app?: string;

  @IdField({ optional: true, description: 'one group' })
  groupId?: string;

  @DayField({
    optional: true,
    description: 'first business day; 30 days before `to` when left out',
  })
  from?: string;

  @DayField({ optional: true, description: 'last business day; today when left out' })
  to?: string;
}

import { DayField, IntegerField, ListField } from '#kernel';

const MAX = Number.MAX_SAFE_INTEGER;

export class SeriesDayView {
  @DayField()
  day!: string;

  @IntegerField({ min: 0, max: MAX, description: 'reports that are no noise' })
  reports!: number;

  @IntegerField({ min: 0, max: MAX, description: 'reports that are noise' })
  noise!: number;

  @IntegerField({ min: 0, max: MAX, description: 'groups with a report' })
  groups!: number;

  @IntegerField({ min: 0, max: MAX, description: 'groups that were new' })
  newGroups!: number;

  @IntegerField({ min: 0, max: MAX, description: 'hashes of scripts that ran (report-sha256)' })
  hashes!: number;

  @IntegerField({ min: 0, max: MAX, description: 'reports of documents that are not the app’s' })
  foreignDocument!: number;

  @IntegerField({ min: 0, max: MAX, description: 'bodies and members that are no report' })
  unreadable!: number;

  @IntegerField({ min: 0, max: MAX, description: 'reports beyond a rate, unread' })
  limited!: number;

  @IntegerField({ min: 0, max: MAX, description: 'reports of groups beyond the limit of new ones' })
  overflowed!: number;

  @IntegerField({ min: 0, max: MAX, description: 'reports that found no room in memory' })
  dropped!: number;

  @IntegerField({ min: 0, max: MAX, description: 'reports to slugs that no app has' })
  unclaimed!: number;
}

export class SeriesView {
  @ListField(() => SeriesDayView, { maxItems: 400 })
  items!: SeriesDayView[];
}

import { IdField, InstantField, IntegerField, pick, TextField, WordsField } from '#kernel';
import type { App } from './app.entity.js';
import { OWN_APP } from './app.entity.js';

export class AppView {
  @IdField()
  id!: string;

  @TextField({ max: 63 })
  slug!: string;

  @WordsField({ maxItems: 50, max: 260 })
  hosts!: string[];

  @IntegerField({
    ...{ min: 1, max: 2_147_483_647, nullable: true },
    description: 'the oldest policy version in use; null: none counts as old',
  })
  oldestVersion!: number | null;

  @TextField({ max: 100, description: 'where its pages send their reports' })
  reportPath!: string;

  @InstantField()
  createdAt!: string;

  @IntegerField({ min: 1, max: 2_147_483_647 })
  version!: number;

  static of(this: void, app: App): AppView {
    return {
      ...pick(app, 'id', 'slug', 'hosts', 'oldestVersion', 'version'),
      reportPath: app.slug === OWN_APP ? '/csp/report' : `/csp/report/${app.slug}`,
      createdAt: app.createdAt.toISOString(),
    };
  }
}

import { BooleanField, IdField, IntegerField, pick, TextField, WordsField } from '#kernel';
import type { Source } from './source.entity.js';

export class SourceView {
  @IdField()
  id!: string;

  @TextField({ max: 100 })
  name!: string;

  @BooleanField()
  active!: boolean;

  @WordsField({ maxItems: 20, max: 100 })
  types!: string[];

  @IntegerField({ min: 1, max: 2_147_483_647 })
  version!: number;

  static of(this: void, source: Source): SourceView {
    return pick(source, 'id', 'name', 'active', 'types', 'version');
  }
}

export class SourceCreatedView extends SourceView {
  @TextField({ max: 43, description: 'shown this once' })
  token!: string;
}

import {
  BooleanField,
  ChoiceField,
  IdField,
  InstantField,
  IntegerField,
  ListField,
  pick,
  TextField,
} from '#kernel';
import { SECTIONS } from '../document/document.entity.js';
import { IMPORT_KINDS } from './import.entity.js';
import type { Import } from './import.entity.js';

const MAX_COUNT = 2_147_483_647;
const MAX_FINDINGS_SHOWN = 101;

export class FileFindingView {
  @IntegerField({ min: 0, max: MAX_COUNT, description: 'line of the file; 0 for all of it' })
  row!: number;

  @TextField({ max: 100, optional: true })
  column?: string;

  @TextField({ max: 60 })
  code!: string;

  @TextField({ max: 500 })
  detail!: string;
}

/** What became of a file, or would. */
export class ImportOutcome {
  @IdField({ nullable: true, description: 'null when nothing was stored' })
  id!: string | null;

  @ChoiceField(IMPORT_KINDS)
  kind!: string;

  @TextField({ max: 6, nullable: true, description: 'YYYYMM; null when they are several' })
  period!: string | null;

  @ChoiceField(SECTIONS, { nullable: true })
  section!: string | null;

  @BooleanField()
  dryRun!: boolean;

  @IntegerField({ min: 0, max: MAX_COUNT, description: 'documents in the file' })
  documents!: number;

  @IntegerField({ min: 0, max: MAX_COUNT, description: 'those that are new, or were changed' })
  imported!: number;

  @IntegerField({ min: 0, max: MAX_COUNT, description: 'of those imported, the ones known before' })
  changed!: number;

  @IntegerField({ min: 0, max: MAX_COUNT, description: 'those known to the peso, and repetitions' })
  skipped!: number;

  @ListField(() => FileFindingView, { maxItems: MAX_FINDINGS_SHOWN, description: 'what is wrong' })
  errors!: FileFindingView[];

  @ListField(() => FileFindingView, { maxItems: MAX_FINDINGS_SHOWN, description: 'what is odd' })
  warnings!: FileFindingView[];
}

export class ImportView {
  @IdField()
  id!: string;

  @ChoiceField(IMPORT_KINDS)
  kind!: string;

  @TextField({ max: 6, nullable: true, description: 'YYYYMM; null when they are several' })
  period!: string | null;

  @ChoiceField(SECTIONS, { nullable: true })
  section!: string | null;

  @TextField({ max: 200, nullable: true })
  fileName!: string | null;

  @TextField({ max: 64, description: 'SHA-256 of the file' })
  sha256!: string;

  @IntegerField({ min: 0, max: MAX_COUNT })
  bytes!: number;

  @TextField({ max: 20 })
  encoding!: string;

  @IntegerField({ min: 0, max: MAX_COUNT })
  documents!: number;

  @IntegerField({ min: 0, max: MAX_COUNT })
  imported!: number;

  @IntegerField({ min: 0, max: MAX_COUNT })
  changed!: number;

  @IntegerField({ min: 0, max: MAX_COUNT })
  skipped!: number;

  @ListField(() => FileFindingView, { maxItems: MAX_FINDINGS_SHOWN })
  warnings!: FileFindingView[];

  @IdField({ nullable: true, description: 'null when a command did it' })
  importedBy!: string | null;

  @InstantField()
  createdAt!: string;

  static of(this: void, made: Import): ImportView {
    return {
      ...pick(
        made,
        ...(['id', 'kind', 'period', 'section', 'fileName', 'sha256', 'bytes'] as const),
        ...(['encoding', 'documents', 'imported', 'changed', 'skipped', 'importedBy'] as const),
      ),
      warnings: [...made.warnings],
      createdAt: made.createdAt.toISOString(),
    };
  }
}

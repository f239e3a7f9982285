import { ChoiceField, TextField } from '#kernel';
import { SECTIONS } from '../document/document.entity.js';
import type { Section } from '../document/document.entity.js';
import { IMPORT_KINDS } from './import.entity.js';
import type { ImportKind } from './import.entity.js';

/** What is said of a file in its address. */
export class ImportRequest {
  @ChoiceField(IMPORT_KINDS)
  kind!: ImportKind;

  @TextField({
    ...{ optional: true, max: 6, min: 6, pattern: /^20\d\d(0[1-9]|1[0-2])$/ },
    description: 'YYYYMM; may be left out where the file or its name tells',
  })
  period?: string;

  @ChoiceField(SECTIONS, { optional: true, description: 'of an RCV of purchases' })
  section?: Section;

  @TextField({
    ...{ optional: true, max: 200 },
    description: 'name of the file, which may tell RUT, kind, section and period',
  })
  fileName?: string;

  @ChoiceField(['true', 'false'], {
    optional: true,
    description: 'whether to say only what would happen',
  })
  dryRun?: string;

  @ChoiceField(['true', 'false'], {
    optional: true,
    description: 'says that it is of this company, though it looks like another one’s',
  })
  mine?: string;
}

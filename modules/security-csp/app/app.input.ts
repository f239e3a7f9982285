import { IntegerField, TextField, WordsField } from '#kernel';
import { SLUG_PATTERN } from './app.entity.js';

const MAX_HOSTS = 50;
const HOSTS = 'hosts of its pages: `app.example`, `*.app.example` (hosts below it) or `*`';

export class CreateApp {
  @TextField({
    max: 63,
    pattern: SLUG_PATTERN,
    description: 'its reports go to `/csp/report/<slug>`',
  })
  slug!: string;

  @WordsField({ maxItems: MAX_HOSTS, max: 260, description: HOSTS })
  hosts!: string[];
}

export class EditApp {
  @WordsField({ maxItems: MAX_HOSTS, max: 260, optional: true, description: HOSTS })
  hosts?: string[];

  @IntegerField({
    ...{ min: 1, max: 2_147_483_647, optional: true, nullable: true },
    description: 'the oldest policy version in use; reports of an older one are noise',
  })
  oldestVersion?: number | null;
}

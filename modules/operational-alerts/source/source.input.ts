import { BooleanField, ChoiceField, SEVERITIES, TextField, WordsField } from '#kernel';
import type { Severity } from '#kernel';

const NAME = /^[a-z0-9][a-z0-9._-]*$/;
const ANY = /^[a-z][a-z_]*\.[a-z][a-z_]*$/;

export class CreateSource {
  @TextField({ max: 100, pattern: NAME })
  name!: string;

  @WordsField({ maxItems: 20, max: 100, description: 'types it may raise and clear' })
  types!: string[];
}

export class EditSource {
  @WordsField({ maxItems: 20, max: 100, optional: true })
  types?: string[];

  @BooleanField({ optional: true })
  active?: boolean;
}

export class Signal {
  @TextField({ max: 100, pattern: ANY })
  type!: string;

  @TextField({ max: 200, optional: true, description: 'which one of the type' })
  key?: string;

  @BooleanField({ description: 'true: all is well; false: it is not' })
  good!: boolean;

  @TextField({ max: 200, optional: true, description: 'what it is about; no personal data' })
  label?: string;

  @ChoiceField(SEVERITIES, { optional: true, description: 'when it is not the type’s own' })
  severity?: Severity;
}

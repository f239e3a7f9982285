import { ChoiceField, InstantField, SEVERITIES, TextField } from '#kernel';
import type { Severity } from '#kernel';

export class Note {
  @TextField({ max: 500, optional: true, description: 'what was found, or done about it' })
  note?: string;
}

export class Silence {
  @InstantField({ description: 'when the silence ends, within 30 days' })
  until!: string;

  @TextField({ max: 500, description: 'why nobody needs to hear of it' })
  reason!: string;
}

export class FireTest {
  @ChoiceField(SEVERITIES)
  severity!: Severity;
}

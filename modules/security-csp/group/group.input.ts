import { BooleanField, TextField } from '#kernel';

export class Judge {
  @TextField({ max: 500, description: 'why; it stands in the audit' })
  reason!: string;
}

export class MarkNoise extends Judge {
  @BooleanField({ optional: true, description: 'false: it is none, whatever the rules say' })
  noise?: boolean;
}

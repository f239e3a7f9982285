import {
  BooleanField,
  ChoiceField,
  IntegerField,
  SecretField,
  SEVERITIES,
  TextField,
} from '#kernel';
import { WordsField } from '#kernel';
import type { Language, Severity } from '#kernel';
import { TIME_OF_DAY } from '../local-time.js';
import { CHANNELS } from './subscription.entity.js';
import type { Channel } from './subscription.entity.js';

const SECRET =
  'write-only: what signs a webhook (whsec_ and base64, made here when absent), or the bearer token of an Alertmanager';
const QUIET = 'HH:MM in America/Santiago';

/** What both a new subscription and an edit may say. */
class Wishes {
  @ChoiceField(['es', 'en'], { optional: true })
  language?: Language;

  @ChoiceField(SEVERITIES, { optional: true, description: 'least severity it is told of' })
  leastSeverity?: Severity;

  @WordsField({ maxItems: 50, max: 100, optional: true, description: 'all types when empty' })
  types?: string[];

  @IntegerField({
    ...{ min: 0, max: 3_600, optional: true },
    description: 'seconds that the first alert of a message waits for others',
  })
  groupWaitSeconds?: number;

  @IntegerField({
    ...{ min: 1, max: 10_080, optional: true },
    description: 'minutes after which an alert that goes on is told again',
  })
  repeatMinutes?: number;

  @TextField({ max: 5, pattern: TIME_OF_DAY, optional: true, nullable: true, description: QUIET })
  quietFrom?: string | null;

  @TextField({ max: 5, pattern: TIME_OF_DAY, optional: true, nullable: true, description: QUIET })
  quietUntil?: string | null;

  @ChoiceField(['warning', 'critical'], {
    ...{ optional: true, nullable: true },
    description: 'alerts under this severity wait in quiet hours; all of them when null',
  })
  quietBelow?: Severity | null;

  @IntegerField({
    ...{ min: 0, max: 1_440, optional: true },
    description: 'told only of what nobody acknowledged for so many minutes: the next in line',
  })
  afterUnacknowledgedMinutes?: number;

  @SecretField({ max: 200, optional: true, description: SECRET })
  secret?: string;
}

export class CreateSubscription extends Wishes {
  @TextField({ max: 100 })
  name!: string;

  @ChoiceField(CHANNELS)
  channel!: Channel;

  @TextField({ max: 500, description: 'a URL, or up to ten e-mail addresses between commas' })
  address!: string;
}

export class EditSubscription extends Wishes {
  @TextField({ max: 100, optional: true })
  name?: string;

  @TextField({ max: 500, optional: true })
  address?: string;

  @BooleanField({ optional: true })
  active?: boolean;
}

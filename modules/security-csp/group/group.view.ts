import {
  BooleanField,
  ChoiceField,
  DayField,
  IdField,
  InstantField,
  IntegerField,
  JsonField,
  ListField,
  pick,
  TextField,
  WordsField,
} from '#kernel';
import { BLOCKED_KINDS, DISPOSITIONS, NOISE_REASONS, VERDICTS } from './group.entity.js';
import type { BlockedKind, Disposition, Group, NoiseReason, Verdict } from './group.entity.js';

const MAX_INTEGER = 2_147_483_647;
const MAX_URL = 600;

export class GroupView {
  @IdField()
  id!: string;

  @IdField()
  appId!: string;

  @TextField({ max: 63, description: 'the app’s slug' })
  app!: string;

  @TextField({ max: 43, description: 'SHA-256 of the policy, nonces masked, in base64url' })
  policyHash!: string;

  @IntegerField({
    ...{ min: 1, max: MAX_INTEGER, nullable: true },
    description: '`?v=` of the address that the reports were sent to',
  })
  policyVersion!: number | null;

  @ChoiceField(DISPOSITIONS)
  disposition!: Disposition;

  @TextField({ max: 64, description: 'the effective directive, a leaf' })
  directive!: string;

  @ChoiceField(BLOCKED_KINDS)
  blockedKind!: BlockedKind;

  @TextField({ max: 300, nullable: true, description: 'origin of a URL, or a bare scheme' })
  blockedOrigin!: string | null;

  @TextField({ max: MAX_URL, nullable: true, description: 'one example; ids in its path as :id' })
  blockedUrl!: string | null;

  @TextField({
    max: 300,
    nullable: true,
    description: 'origin or scheme of the script that did it',
  })
  sourceOrigin!: string | null;

  @BooleanField({ description: 'the document is none of the app’s' })
  foreignDocument!: boolean;

  @WordsField({ maxItems: 10, max: 300 })
  documentOrigins!: string[];

  @InstantField()
  firstSeenAt!: string;

  @InstantField()
  lastSeenAt!: string;

  @DayField({ description: 'business day of the last report' })
  lastDay!: string;

  @IntegerField({ min: 1, max: MAX_INTEGER, description: 'reports; browsers leave some out' })
  count!: number;

  @IntegerField({ min: 1, max: MAX_INTEGER, description: 'business days with a report' })
  days!: number;

  @IntegerField({ min: 0, max: MAX_INTEGER, description: 'distinct pages; estimated from 64 on' })
  pages!: number;

  @IntegerField({
    ...{ min: 0, max: MAX_INTEGER },
    description: 'distinct shortened addresses with a browser; estimated from 64 on',
  })
  reporters!: number;

  @WordsField({ maxItems: 10, max: 30 })
  browsers!: string[];

  @BooleanField({ description: 'it says nothing about the policy' })
  noise!: boolean;

  @ChoiceField(NOISE_REASONS, { nullable: true })
  noiseReason!: NoiseReason | null;

  @BooleanField({ description: 'a person said so, and no rule changes it' })
  noiseOverridden!: boolean;

  @TextField({ max: 500, nullable: true, description: 'what that person said' })
  noiseNote!: string | null;

  @ChoiceField(VERDICTS)
  verdict!: Verdict;

  @TextField({ max: 500, nullable: true })
  verdictReason!: string | null;

  @IdField({ nullable: true })
  verdictBy!: string | null;

  @InstantField({ nullable: true })
  verdictAt!: string | null;

  @InstantField()
  createdAt!: string;

  @IntegerField({ min: 1, max: MAX_INTEGER })
  version!: number;

  static of(this: void, group: Group): GroupView {
    return {
      ...pick(
        group,
        ...(['id', 'appId', 'app', 'policyHash', 'policyVersion', 'disposition'] as const),
        ...(['directive', 'blockedKind', 'blockedOrigin', 'blockedUrl', 'sourceOrigin'] as const),
        ...(['foreignDocument', 'documentOrigins', 'lastDay', 'count', 'days', 'pages'] as const),
        ...(['reporters', 'browsers', 'noise', 'noiseReason', 'noiseOverridden'] as const),
        ...(['noiseNote', 'verdict', 'verdictReason', 'verdictBy', 'version'] as const),
      ),
      firstSeenAt: group.firstSeenAt.toISOString(),
      lastSeenAt: group.lastSeenAt.toISOString(),
      verdictAt: group.verdictAt?.toISOString() ?? null,
      createdAt: group.createdAt.toISOString(),
    };
  }
}

export class SampleView {
  @InstantField()
  at!: string;

  @JsonField({ description: 'one report, redacted: no query, no fragment, no long id' })
  report!: unknown;
}

/** What is known of a group beside its own row. */
export interface GroupContext {
  readonly policy: string | null;
  readonly samples: readonly { readonly at: Date; readonly report: unknown }[];
}

export class GroupDetailView extends GroupView {
  @TextField({ max: 20_000, nullable: true, min: 0, description: 'the policy as it was reported' })
  policy!: string | null;

  @ListField(() => SampleView, { maxItems: 5 })
  samples!: SampleView[];

  static with(this: void, group: Group, { policy, samples }: GroupContext): GroupDetailView {
    return {
      ...GroupView.of(group),
      policy,
      samples: samples.map(({ at, report }) => ({ at: at.toISOString(), report })),
    };
  }
}

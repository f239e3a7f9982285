import {
  BooleanField,
  ChoiceField,
  IdField,
  ListField,
  ObjectField,
  TextField,
  WordsField,
} from '#kernel';

export const VERDICTS = ['allowed', 'denied', 'unknown'] as const;

/** Why, in the order in which it is found out. */
export const REASONS = [
  'user-disabled',
  'no-role-grants-it',
  'not-in-this-session',
  'record-not-readable',
  'record-not-found',
  'hidden-by-rule',
  'granted',
] as const;

class ExplainedUserView {
  @IdField()
  id!: string;

  @TextField({ max: 64 })
  login!: string;

  @WordsField({ maxItems: 20, max: 40 })
  roles!: string[];
}

class ExplainedPermissionView {
  @TextField({ max: 100 })
  name!: string;

  @TextField({ max: 200, description: 'what it allows' })
  summary!: string;

  @WordsField({ maxItems: 100, max: 40, description: 'of the user’s roles, those that grant it' })
  grantedBy!: string[];

  @WordsField({ maxItems: 100, max: 40, description: 'every role that grants it' })
  roles!: string[];
}

export class ExplainedRuleView {
  @TextField({ max: 200 })
  summary!: string;

  @WordsField({ maxItems: 100, max: 40, description: 'empty: the rule holds for everybody' })
  roles!: string[];

  @BooleanField({ description: 'whether it speaks of this user' })
  applies!: boolean;

  @BooleanField({
    nullable: true,
    description: 'whether it lets the record through; null: not looked at, or not for this user',
  })
  holds!: boolean | null;
}

class ExplainedSubjectView {
  @TextField({ max: 80 })
  type!: string;

  @IdField()
  id!: string;

  @BooleanField({
    description: 'whether you may see the record; absent and out of your reach look the same',
  })
  seen!: boolean;

  @ListField(() => ExplainedRuleView, {
    maxItems: 100,
    description: 'all rules without roles must hold, and one of those for the user’s roles',
  })
  rules!: ExplainedRuleView[];
}

export class ExplanationView {
  @ChoiceField(VERDICTS, { description: 'unknown: it depends on a record that you may not see' })
  verdict!: (typeof VERDICTS)[number];

  @ChoiceField(REASONS)
  reason!: (typeof REASONS)[number];

  @ObjectField(() => ExplainedUserView)
  user!: ExplainedUserView;

  @ObjectField(() => ExplainedPermissionView)
  permission!: ExplainedPermissionView;

  @ObjectField(() => ExplainedSubjectView, { optional: true })
  subject?: ExplainedSubjectView;
}

import { ChoiceField, ListField, TextField } from '#kernel';
import { RULES } from './check.js';
import { FINDING_SEVERITIES } from './rule.js';
import { language } from './return.view.js';

export class RuleView {
  @TextField({ max: 60 })
  name!: string;

  @ChoiceField(FINDING_SEVERITIES)
  severity!: string;

  @TextField({ max: 1_000 })
  title!: string;

  @TextField({ max: 300, description: 'where the rule comes from' })
  source!: string;
}

export class RulesView {
  @ListField(() => RuleView, { maxItems: 500 })
  rules!: RuleView[];

  /** Every rule, in the language of whoever asks. */
  static all(): RulesView {
    const rules = RULES.map(({ name, severity, title, source }) => ({
      ...{ name, severity, source, title: title[language()] },
    }));
    return { rules };
  }
}

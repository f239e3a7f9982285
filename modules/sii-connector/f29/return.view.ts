import { ApiExtraModels, ApiProperty } from '@nestjs/swagger';
import {
  ChoiceField,
  currentContext,
  DayField,
  IdField,
  InstantField,
  IntegerField,
  ListField,
  MAX_SUM,
  NumberField,
  ObjectField,
  PesosField,
  pick,
  TextField,
} from '#kernel';
import type { Language } from '#kernel';
import { MAX_FINDINGS } from './check.js';
import { MAX_CODE_VALUE, MAX_CODES } from './code-map.input.js';
import { findingKey, ORIGINS } from './return.entity.js';
import type { Acknowledgement, F29Return, ReturnValue } from './return.entity.js';
import { RETURN_STATES } from './return.states.js';
import { FINDING_SEVERITIES } from './rule.js';
import type { Finding } from './rule.js';

const VALUE = { min: -MAX_CODE_VALUE * 10, max: MAX_CODE_VALUE * 10 };

export class AcknowledgementView {
  @TextField({ max: 500 })
  reason!: string;

  @IdField({ nullable: true })
  by!: string | null;

  @InstantField()
  at!: string;
}

export class ReturnFindingView {
  @TextField({ max: 60, description: 'name of the rule; see f29/rules' })
  rule!: string;

  @ChoiceField(FINDING_SEVERITIES)
  severity!: string;

  @TextField({ max: 6, nullable: true, description: 'null when it is about the whole return' })
  code!: string | null;

  @NumberField({ ...VALUE, optional: true })
  expected?: number;

  @NumberField({ ...VALUE, optional: true })
  actual?: number;

  @TextField({ max: 1_000, description: 'in the language of the request' })
  detail!: string;

  @ObjectField(() => AcknowledgementView, { optional: true, nullable: true })
  acknowledged?: AcknowledgementView | null;

  /** A finding in the language of whoever asks. */
  static of(
    finding: Finding,
    acknowledgements: readonly Acknowledgement[] = [],
  ): ReturnFindingView {
    const { detail, ...rest } = finding;
    const key = findingKey(finding);
    const found = acknowledgements.find((each) => each.key === key);
    const view = { ...rest, detail: detail[language()] };
    return found ? { ...view, acknowledged: pick(found, 'reason', 'by', 'at') } : view;
  }
}

export class FindingsView {
  @ListField(() => ReturnFindingView, { maxItems: MAX_FINDINGS })
  findings!: ReturnFindingView[];
}

class ReturnValueView {
  @ApiProperty({ oneOf: [{ type: 'number' }, { type: 'string' }] })
  value!: number | string;

  @ChoiceField(ORIGINS)
  origin!: string;
}

export class ReturnSummaryView {
  @IdField()
  id!: string;

  @TextField({ max: 6, description: 'YYYYMM' })
  period!: string;

  @IntegerField({ min: 1, max: 99, description: '1 is the primitive, a next one rectifies' })
  revision!: number;

  @ChoiceField(RETURN_STATES)
  state!: string;

  @PesosField({ max: MAX_SUM, description: 'whole pesos of the form: code 94' })
  amount!: number;

  @PesosField({ max: MAX_SUM, description: 'whole pesos still to be paid by this return' })
  toPay!: number;

  @DayField({ nullable: true, description: 'last day to file and pay' })
  dueDate!: string | null;

  @TextField({ max: 12, nullable: true })
  folio!: string | null;

  @DayField({ nullable: true })
  filedOn!: string | null;

  @DayField({ nullable: true })
  paidOn!: string | null;

  @PesosField({ max: MAX_SUM, nullable: true })
  paidAmount!: number | null;

  @IdField({ nullable: true })
  preparedBy!: string | null;

  @IdField({ nullable: true })
  approvedBy!: string | null;

  @IdField({ nullable: true })
  rectifiesId!: string | null;

  @IdField({ nullable: true })
  rectifiedById!: string | null;

  @InstantField({ nullable: true })
  computedAt!: string | null;

  @InstantField({ nullable: true })
  exportedAt!: string | null;

  @InstantField()
  createdAt!: string;

  @IntegerField({ min: 1, max: 2_147_483_647 })
  version!: number;

  static of(this: void, declared: F29Return): ReturnSummaryView {
    return {
      ...pick(declared, 'id', 'period', 'revision', 'state', 'amount', 'toPay', 'dueDate'),
      ...pick(declared, 'folio', 'filedOn', 'paidOn', 'paidAmount', 'preparedBy', 'approvedBy'),
      ...pick(declared, 'rectifiesId', 'rectifiedById', 'version'),
      computedAt: declared.computedAt?.toISOString() ?? null,
      exportedAt: declared.exportedAt?.toISOString() ?? null,
      createdAt: declared.createdAt.toISOString(),
    };
  }
}

@ApiExtraModels(ReturnValueView)
export class ReturnView extends ReturnSummaryView {
  @ApiProperty({
    type: 'object',
    maxProperties: MAX_CODES,
    description: 'by code without leading zeros',
    additionalProperties: { $ref: '#/components/schemas/ReturnValueView' },
  } as never)
  codes!: Record<string, ReturnValue>;

  @ListField(() => ReturnFindingView, { maxItems: MAX_FINDINGS })
  findings!: ReturnFindingView[];

  static override of(this: void, declared: F29Return): ReturnView {
    const { codes, findings, acknowledgements } = declared;
    return {
      ...ReturnSummaryView.of(declared),
      codes,
      findings: findings.map((finding) => ReturnFindingView.of(finding, acknowledgements)),
    };
  }
}

/** The language of whoever asks; Spanish where nobody does. */
export function language(): Language {
  return currentContext()?.language ?? 'es';
}

import { ApiProperty } from '@nestjs/swagger';
import { Allow as AnyValue, ValidateIf } from 'class-validator';
import { DayField, ListField, PesosField, TextField } from '#kernel';
import { PERIOD } from '../tables/period.js';
import { CodedField } from '../tables/coded-field.js';
import { CODES_SCHEMA } from './code-map.input.js';

const CODE = /^\d{1,6}$/;

/** A tax period. */
function PeriodField(): PropertyDecorator {
  const written = { max: 6, min: 6, pattern: PERIOD, description: 'YYYYMM' };
  return CodedField('202610', written);
}

export class OpenReturn {
  @PeriodField()
  period!: string;
}

export class CheckReturn extends OpenReturn {
  @ApiProperty(CODES_SCHEMA)
  @AnyValue()
  codes!: unknown;

  @ApiProperty({ ...CODES_SCHEMA, required: false } as typeof CODES_SCHEMA)
  @ValidateIf((_, value: unknown) => value !== undefined)
  @AnyValue()
  previous?: unknown;
}

export class AcknowledgeFinding {
  @TextField({ max: 60, description: 'name of the rule' })
  rule!: string;

  @CodedField('504', {
    max: 6,
    pattern: CODE,
    optional: true,
    description: 'all codes when left out',
  })
  code?: string;

  @TextField({ max: 500, min: 3, description: 'why it is right all the same' })
  reason!: string;
}

export class AcknowledgeFindings {
  @ListField(() => AcknowledgeFinding, { minItems: 1, maxItems: 200 })
  acknowledgements!: AcknowledgeFinding[];
}

export class TakeProposed {
  @CodedField('520', { max: 6, pattern: CODE })
  code!: string;
}

export class TakeProposal {
  @ListField(() => TakeProposed, { minItems: 1, maxItems: 500 })
  codes!: TakeProposed[];
}

export class FileReturn {
  @CodedField('6600000016', {
    max: 12,
    pattern: /^\d{1,12}$/,
    description: 'as the SII’s site says it',
  })
  folio!: string;

  @DayField({ description: 'day on which the SII took it' })
  filedOn!: string;
}

export class PayReturn {
  @DayField()
  paidOn!: string;

  @PesosField({ optional: true, description: 'whole pesos; what the return says when left out' })
  amount?: number;
}

export class GiveReason {
  @TextField({ max: 500, min: 3 })
  reason!: string;
}

import {
  ChoiceField,
  DayField,
  IdField,
  InstantField,
  IntegerField,
  MAX_SUM,
  PesosField,
  pick,
  TextField,
} from '#kernel';
import { FLOW_SOURCES, FLOW_STATES } from './flow.entity.js';
import type { Flow } from './flow.entity.js';

const SIGNED = { min: -MAX_SUM, max: MAX_SUM };

export class FlowView {
  @IdField()
  id!: string;

  @ChoiceField(FLOW_STATES)
  state!: string;

  @DayField()
  day!: string;

  @PesosField({ ...SIGNED, description: 'whole pesos; less than nothing goes out' })
  amount!: number;

  @ChoiceField(FLOW_SOURCES)
  sourceType!: string;

  @IdField({ nullable: true })
  sourceId!: string | null;

  @TextField({ max: 200 })
  label!: string;

  @DayField({ nullable: true, description: 'when it was expected, of a settled one' })
  expectedOn!: string | null;

  @PesosField({ ...SIGNED, nullable: true })
  expectedAmount!: number | null;

  @InstantField()
  createdAt!: string;

  @IntegerField({ min: 1, max: 2_147_483_647 })
  version!: number;

  static of(this: void, flow: Flow): FlowView {
    return {
      ...pick(flow, 'id', 'state', 'day', 'amount', 'sourceType', 'sourceId', 'label'),
      ...pick(flow, 'expectedOn', 'expectedAmount', 'version'),
      createdAt: flow.createdAt.toISOString(),
    };
  }
}

import { Injectable } from '@nestjs/common';
import { businessDay, Clock, Database, defineList, Events, Problem, Records } from '#kernel';
import type { EventDefinition, Page } from '#kernel';
import { Flow, FLOW_SOURCES, FLOW_STATES } from './flow.entity.js';
import type { FlowSource } from './flow.entity.js';
import { FlowCancelled, FlowExpected, FlowSettled } from './flow.events.js';
import type { FlowFacts } from './flow.events.js';
import type { ExpectFlow, SettleFlow } from './flow.input.js';
import { FlowHasOwner, FlowInFuture } from './flow.problems.js';

/** What clients may ask of the flows. */
export const flowList = defineList({
  entity: Flow,
  filters: { state: FLOW_STATES, sourceType: FLOW_SOURCES, day: 'day', createdAt: 'instant' },
  sorts: ['day', 'createdAt'],
  sort: '-createdAt',
});

/** What a record of another addon wants of the flow that stands for it. */
export type Wanted =
  | { readonly state: 'expected' | 'settled'; readonly day: string; readonly amount: number }
  | { readonly state: 'cancelled' };

/** Money that is to come or go, and that which did. */
@Injectable()
export class FlowService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly clock: Clock,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<Flow>> {
    return this.database.transaction(() => this.records.page(flowList, query));
  }

  async show(id: string): Promise<Flow> {
    return this.database.transaction(() => this.records.get(Flow, id));
  }

  /** Somebody expects money to come or go. */
  async expect({ direction, day, amount, label }: ExpectFlow): Promise<Flow> {
    return this.database.transaction(async () => {
      const flow = await this.records.insert(Flow, {
        ...{ state: 'expected', day, amount: direction === 'in' ? amount : -amount, label },
        ...{ sourceType: 'manual', sourceId: null, expectedOn: null, expectedAmount: null },
      });
      await this.tell(FlowExpected, flow);
      return flow;
    });
  }

  /** The money came or went. @throws Problem FlowNotExpected, FlowHasOwner, FlowInFuture, NotFound */
  async settle(id: string, { day, amount }: SettleFlow): Promise<Flow> {
    return this.database.transaction(async () => {
      const flow = await this.own(id);
      if (day > businessDay(this.clock.now())) throw new Problem(FlowInFuture);
      flow.settle(day, amount === undefined ? flow.amount : Math.sign(flow.amount) * amount);
      await this.records.store(flow);
      await this.tell(FlowSettled, flow);
      return flow;
    });
  }

  /** @throws Problem FlowNotExpected, FlowHasOwner, NotFound */
  async cancel(id: string): Promise<Flow> {
    return this.database.transaction(async () => {
      const flow = await this.own(id);
      flow.cancel();
      await this.records.store(flow);
      await this.tell(FlowCancelled, flow);
      return flow;
    });
  }

  /**
   * Brings the flow of a record to what the record says now. Called again, or late, or out of
   * order, it changes nothing that is right already.
   */
  async mirror(
    sourceType: Exclude<FlowSource, 'manual'>,
    sourceId: string,
    label: string,
    wanted: Wanted,
  ): Promise<void> {
    await this.database.transaction(async () => {
      const { companyId } = this.database;
      await this.database.lockName(`treasury.flow ${companyId} ${sourceType} ${sourceId}`);
      const known = await this.records.find(Flow, { sourceType, sourceId }, 'update');
      if (known) return this.follow(known, wanted);
      if (wanted.state === 'cancelled' || wanted.amount === 0) return;
      const flow = await this.records.insert(Flow, {
        ...{ ...wanted, sourceType, sourceId, label, expectedOn: null, expectedAmount: null },
      });
      await this.tell(flow.state === 'settled' ? FlowSettled : FlowExpected, flow);
    });
  }

  private async follow(flow: Flow, wanted: Wanted): Promise<void> {
    const isGone = wanted.state === 'cancelled' || wanted.amount === 0;
    if (isGone) {
      if (flow.state !== 'expected') return;
      flow.cancel();
    } else if (wanted.state === 'settled') {
      if (flow.state === 'settled') return;
      flow.state = 'expected';
      flow.settle(wanted.day, wanted.amount);
    } else {
      Object.assign(flow, wanted, { expectedOn: null, expectedAmount: null });
    }
    const changes = await this.records.store(flow);
    if (Object.keys(changes).length === 0) return;
    const event = { expected: FlowExpected, settled: FlowSettled, cancelled: FlowCancelled };
    await this.tell(event[flow.state], flow);
  }

  /** A flow that nobody but a person keeps. */
  private async own(id: string): Promise<Flow> {
    const flow = await this.records.get(Flow, id, 'update');
    if (flow.sourceType !== 'manual') throw new Problem(FlowHasOwner);
    return flow;
  }

  private async tell(event: EventDefinition<FlowFacts>, flow: Flow): Promise<void> {
    const { id, day, amount, sourceType, sourceId, label } = flow;
    await this.events.publish(event, {
      subject: { type: 'treasury.flow', id, label },
      payload: { flowId: id, day, amount, sourceType, sourceId },
    });
  }
}

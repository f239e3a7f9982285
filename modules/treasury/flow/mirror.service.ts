import { Injectable } from '@nestjs/common';
import { OnEvent } from '#kernel';
import type { StoredEvent } from '#kernel';
import { DailyCutMade } from '#modules/payments';
import {
  F29Exported,
  F29Filed,
  F29Paid,
  F29PaymentRejected,
  F29Rectified,
  F29Reopened,
  F29Sent,
  ReturnService,
} from '#modules/sii-connector';
import type { F29Return, ReturnFacts } from '#modules/sii-connector';
import { FlowService } from './flow.service.js';
import type { Wanted } from './flow.service.js';

type Told = StoredEvent<ReturnFacts>;

/** Keeps the flows that other addons' records stand behind. */
@Injectable()
export class MirrorService {
  constructor(
    private readonly flows: FlowService,
    private readonly returns: ReturnService,
  ) {}

  @OnEvent(F29Exported)
  async exported(event: Told): Promise<void> {
    await this.follow(event);
  }

  @OnEvent(F29Sent)
  async sent(event: Told): Promise<void> {
    await this.follow(event);
  }

  @OnEvent(F29Filed)
  async filed(event: Told): Promise<void> {
    await this.follow(event);
  }

  @OnEvent(F29Paid)
  async paid(event: Told): Promise<void> {
    await this.follow(event);
  }

  @OnEvent(F29PaymentRejected)
  async rejected(event: Told): Promise<void> {
    await this.follow(event);
  }

  @OnEvent(F29Reopened)
  async reopened(event: Told): Promise<void> {
    await this.follow(event);
  }

  @OnEvent(F29Rectified)
  async rectified(event: Told): Promise<void> {
    await this.follow(event);
  }

  /** What a branch took on a day came in on that day. */
  @OnEvent(DailyCutMade)
  async cut({
    payload,
    subject,
  }: StoredEvent<{
    dailyCutId: string;
    branchId: string;
    businessDate: string;
    total: number;
    received?: number;
  }>): Promise<void> {
    const { dailyCutId, businessDate: day, total, received = total } = payload;
    const wanted = { state: 'settled' as const, day, amount: received };
    await this.flows.mirror('daily_cut', dailyCutId, `Corte ${subject.label}`, wanted);
  }

  /** Reads the return as it is now: events of it may come late or out of order. */
  private async follow({ payload }: Told): Promise<void> {
    const declared = await this.returns.show(payload.returnId);
    await this.flows.mirror('f29', declared.id, `F29 ${declared.label}`, wantedBy(declared));
  }
}

function wantedBy({ isOut, paidOn, paidAmount, toPay, dueDate }: F29Return): Wanted {
  if (paidOn !== null && paidAmount !== null) {
    return { state: 'settled', day: paidOn, amount: -paidAmount };
  }
  if (isOut && dueDate !== null) return { state: 'expected', day: dueDate, amount: -toPay };
  return { state: 'cancelled' };
}

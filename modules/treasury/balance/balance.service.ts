import { Injectable } from '@nestjs/common';
import {
  businessDay,
  Clock,
  currentActor,
  Database,
  defineList,
  Events,
  Problem,
  Records,
} from '#kernel';
import type { Page } from '#kernel';
import { FlowInFuture } from '../flow/flow.problems.js';
import { Balance } from './balance.entity.js';
import { BalanceStated } from './balance.events.js';
import type { StateBalance } from './balance.input.js';

/** What clients may ask of the balances. */
export const balanceList = defineList({
  entity: Balance,
  filters: { day: 'day', createdAt: 'instant' },
  sorts: ['day', 'createdAt'],
  sort: '-createdAt',
});

/** What there was, as somebody counted it: the forecast starts from there. */
@Injectable()
export class BalanceService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly clock: Clock,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<Balance>> {
    return this.database.transaction(() => this.records.page(balanceList, query));
  }

  /** @throws Problem FlowInFuture */
  async state({ day, amount, note }: StateBalance): Promise<Balance> {
    return this.database.transaction(async () => {
      if (day > businessDay(this.clock.now())) throw new Problem(FlowInFuture);
      const statedBy = currentActor().userId;
      const stated = { day, amount, note: note ?? null, statedBy };
      const balance = await this.records.insert(Balance, stated);
      await this.events.publish(BalanceStated, {
        subject: { type: 'treasury.balance', id: balance.id, label: day },
        payload: { balanceId: balance.id, day, amount },
      });
      return balance;
    });
  }
}

import { Injectable } from '@nestjs/common';
import { businessDay, Clock, Database, Events, Records } from '#kernel';
import type { Changes, EventDefinition } from '#kernel';
import { F29Return } from './return.entity.js';
import type { ReturnFacts } from './return.events.js';

type Told = readonly EventDefinition<ReturnFacts>[];

/** One step of a return: lock, act, store, tell. */
@Injectable()
export class ReturnStepsService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly clock: Clock,
  ) {}

  /** @param work acts on the locked return, and says what happened */
  async step(
    id: string,
    work: (declared: F29Return) => Told | Promise<Told>,
    reason?: string,
  ): Promise<F29Return> {
    return this.database.transaction(async () => {
      const declared = await this.records.get(F29Return, id, 'update');
      const happened = await work(declared);
      // Thousands of sums and findings are in the record itself; the audit tells the codes.
      const { ledger: _, findings: __, ...changes } = await this.records.store(declared);
      for (const event of happened) {
        await this.tell(event, declared, { changes, ...(reason ? { reason } : {}) });
      }
      return declared;
    });
  }

  async tell(
    event: EventDefinition<ReturnFacts>,
    declared: F29Return,
    rest: { changes?: Changes; reason?: string } = {},
  ): Promise<void> {
    const facts = { subject: subjectOf(declared), payload: factsOf(declared) };
    await this.events.publish(event, { ...facts, ...rest });
  }

  /** The day in America/Santiago. */
  get today(): string {
    return businessDay(this.clock.now());
  }
}

export function subjectOf({ id, label }: F29Return): { type: string; id: string; label: string } {
  return { type: 'sii-connector.tax_return', id, label };
}

export function factsOf({ id, period, revision, toPay, dueDate }: F29Return): ReturnFacts {
  return { returnId: id, period, revision, amount: toPay, dueDate };
}

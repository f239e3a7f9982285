import { Injectable } from '@nestjs/common';
import { Clock, currentActor, Database, Events, Problem, Records } from '#kernel';
import { periodOf } from '../tables/period.js';
import { F29Return } from './return.entity.js';
import * as events from './return.events.js';
import type { FileReturn, PayReturn } from './return.input.js';
import * as problems from './return.problems.js';
import { EMPTY_RETURN } from './return.service.js';
import { factsOf, ReturnStepsService, subjectOf } from './return-steps.service.js';

/** What becomes of an approved return: taken to the site, filed there, paid, or replaced. */
@Injectable()
export class FilingService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly clock: Clock,
    private readonly steps: ReturnStepsService,
  ) {}

  /** Says that the files were taken to the site. @throws Problem ReturnNotInState, NotFound */
  async export(id: string): Promise<F29Return> {
    return this.steps.step(id, (declared) => {
      declared.take('export');
      declared.exportedAt = this.clock.now();
      return [events.F29Exported];
    });
  }

  /** Given to a partner: nobody changes it until the partner says what became of it. In a transaction. */
  async send(id: string): Promise<F29Return> {
    return this.steps.step(id, (declared) => {
      declared.take('send');
      declared.exportedAt = this.clock.now();
      return [events.F29Sent];
    });
  }

  /** A partner refused it. @throws Problem ReturnNotInState, NotFound */
  async takeBack(id: string, reason: string): Promise<F29Return> {
    return this.steps.step(
      id,
      (declared) => {
        declared.take('takeBack');
        return [events.F29Reopened];
      },
      reason,
    );
  }

  /** @throws Problem FilingDayWrong, FolioTaken, ReturnNotInState, NotFound */
  async file(id: string, { folio, filedOn }: FileReturn): Promise<F29Return> {
    return this.steps.step(id, async (declared) => {
      declared.take('file');
      const tooEarly = periodOf(filedOn) <= declared.period;
      if (tooEarly || filedOn > this.steps.today) throw new Problem(problems.FilingDayWrong);
      Object.assign(declared, { folio: folio.replace(/^0+(?=\d)/, ''), filedOn });
      if (declared.rectifiesId) await this.replace(declared.rectifiesId);
      return [events.F29Filed];
    });
  }

  /** @throws Problem NothingToPay, FilingDayWrong, ReturnNotInState, NotFound */
  async pay(id: string, { paidOn, amount }: PayReturn): Promise<F29Return> {
    return this.database.transaction(async () => {
      const declared = await this.records.get(F29Return, id, 'update');
      declared.take('pay');
      if (declared.toPay === 0) throw new Problem(problems.NothingToPay);
      const tooEarly = periodOf(paidOn) <= declared.period;
      if (tooEarly || paidOn > this.steps.today) throw new Problem(problems.FilingDayWrong);
      const paidAmount = amount ?? declared.toPay;
      const changes = await this.records.store(Object.assign(declared, { paidOn, paidAmount }));
      const subject = subjectOf(declared);
      const payload = { ...factsOf(declared), paidOn, paidAmount };
      await this.events.publish(events.F29Paid, { subject, payload, changes });
      return declared;
    });
  }

  /** @throws Problem ReturnNotInState, NotFound */
  async rejectPayment(id: string, reason: string): Promise<F29Return> {
    return this.steps.step(
      id,
      (declared) => {
        declared.take('rejectPayment');
        return [events.F29PaymentRejected];
      },
      reason,
    );
  }

  /**
   * Begins the next return of the period, with what was entered in this one. This one stays as it
   * is, and is replaced when the next is filed.
   *
   * @throws Problem ReturnExists, ReturnNotInState, NotFound
   */
  async rectify(id: string, reason: string): Promise<F29Return> {
    return this.database.transaction(async () => {
      const old = await this.records.get(F29Return, id, 'update');
      old.demand('rectify');
      if (old.rectifiedById !== null) throw new Problem(problems.ReturnExists);
      const { period, codes, entered, proposal, paidAmount, alreadyPaid } = old;
      const next = await this.records.insert(F29Return, {
        ...{ ...EMPTY_RETURN, period, codes, entered, proposal, rectifiesId: old.id },
        ...{ revision: old.revision + 1, preparedBy: currentActor().userId },
        alreadyPaid: alreadyPaid + (paidAmount ?? 0),
      });
      await this.records.store(Object.assign(old, { rectifiedById: next.id }));
      await this.steps.tell(events.F29Opened, next, { reason });
      return next;
    });
  }

  private async replace(id: string): Promise<void> {
    const old = await this.records.get(F29Return, id, 'update');
    old.take('rectify');
    const changes = await this.records.store(old);
    await this.steps.tell(events.F29Rectified, old, { changes });
  }
}

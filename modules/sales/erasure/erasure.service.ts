import { Injectable } from '@nestjs/common';
import {
  Clock,
  currentActor,
  Database,
  defineList,
  Events,
  Mentions,
  NotFound,
  Problem,
  Records,
} from '#kernel';
import type { Erased, ErasureObstacle, Mention, Page } from '#kernel';
import { Customer } from '../customer/customer.entity.js';
import { Erasure, ERASURE_STATES, MOST_MENTIONS } from './erasure.entity.js';
import { CustomerErased, ErasureRequested, MentionsRedacted } from './erasure.events.js';
import type { RequestErasure } from './erasure.input.js';
import {
  CustomerHasOpenMatters,
  ErasureNeedsSecondPerson,
  ErasureTextPersonal,
} from './erasure.problems.js';
import { labelOf, personOf, PrivacyService } from './privacy.service.js';

/** What clients may ask of the erasures. */
export const erasureList = defineList({
  entity: Erasure,
  filters: { customerId: 'id', state: ERASURE_STATES, createdAt: 'instant' },
  sorts: ['createdAt'],
  sort: '-createdAt',
});

/** What an erasure would meet, or did. */
export interface ErasureOutcome {
  readonly erasure: Erasure | null;
  readonly obstacles: readonly ErasureObstacle[];
  readonly outcome: readonly Erased[];
  /** Texts that still name the person: kept by law, or of no record of the person. */
  readonly mentions: readonly Mention[];
}

/** Undoes a rehearsal. */
class Rehearsed extends Error {
  constructor(readonly found: Pick<ErasureOutcome, 'outcome' | 'mentions'>) {
    super('rehearsed');
  }
}

/** Forgetting customers at their request: two persons over REST, or the operator. */
@Injectable()
export class ErasureService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly clock: Clock,
    private readonly privacy: PrivacyService,
    private readonly mentions: Mentions,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<Erasure>> {
    return this.database.transaction(() => this.records.page(erasureList, query));
  }

  async show(id: string): Promise<Erasure> {
    return this.database.transaction(() => this.records.get(Erasure, id));
  }

  /**
   * Notes a request; asked for again, it is the same one.
   *
   * @throws Problem NotFound, CustomerHasOpenMatters, ErasureTextPersonal
   */
  async request(input: RequestErasure): Promise<Erasure> {
    return this.database.transaction(async () => {
      const customer = await this.records.get(Customer, input.customerId, 'update');
      const known = await this.records.find(Erasure, { customerId: customer.id });
      if (known) return known;
      await this.demandSettled(customer);
      return this.note(customer, input);
    });
  }

  /**
   * The second person says yes, and the customer is forgotten. Said again, nothing happens.
   *
   * @throws Problem NotFound, CustomerHasOpenMatters, ErasureNeedsSecondPerson
   */
  async approve(id: string): Promise<Erasure> {
    return this.database.transaction(async () => {
      const erasure = await this.records.get(Erasure, id, 'update');
      if (erasure.state === 'erased') return erasure;
      const { userId } = currentActor();
      if (userId !== null && userId === erasure.requestedBy) {
        throw new Problem(ErasureNeedsSecondPerson);
      }
      erasure.approvedBy = userId;
      await this.carryOut(erasure);
      return erasure;
    });
  }

  /** As the operator: at once. @throws Problem NotFound, CustomerHasOpenMatters, ErasureTextPersonal */
  async eraseNow(input: RequestErasure): Promise<ErasureOutcome> {
    return this.database.transaction(async () => {
      const requested = await this.request(input);
      if (requested.state === 'erased' && (await this.isForgotten(requested.customerId))) {
        return { erasure: requested, obstacles: [], outcome: [], mentions: requested.mentions };
      }
      const erasure = await this.records.get(Erasure, requested.id, 'update');
      return { erasure, obstacles: [], ...(await this.carryOut(erasure)) };
    });
  }

  /** What would stand against it, or what it would do; nothing is kept of it. @throws Problem NotFound */
  async rehearse(customerId: string): Promise<ErasureOutcome> {
    const obstacles = await this.database.transaction(async () =>
      this.privacy.obstacles(await this.records.get(Customer, customerId)),
    );
    if (obstacles.length > 0) return { erasure: null, obstacles, outcome: [], mentions: [] };
    try {
      return await this.database.transaction(async () => {
        const customer = await this.records.get(Customer, customerId);
        throw new Rehearsed(await this.forget(customer));
      });
    } catch (error) {
      if (error instanceof Rehearsed) return { erasure: null, obstacles, ...error.found };
      throw error;
    }
  }

  /**
   * Takes out texts that still name somebody who was forgotten, once somebody has looked at them.
   *
   * @param only `payments_entry.reason/ID` each, as the erasure lists them; all of them unless said
   * @returns what was taken out and what is left: what the law or another record keeps
   * @throws Problem NotFound when the customer was not forgotten
   */
  async redact(
    customerId: string,
    only: readonly string[] | null,
  ): Promise<{ redacted: readonly Mention[]; left: readonly Mention[] }> {
    return this.database.transaction(async () => {
      const erasure = await this.records.find(Erasure, { customerId, state: 'erased' }, 'update');
      if (!erasure) throw new Problem(NotFound);
      const chosen = erasure.mentions.filter(
        ({ where, id }) => only === null || only.includes(`${where}/${id}`),
      );
      const redacted = await this.privacy.redact(chosen);
      const left = erasure.mentions.filter((each) => !redacted.includes(each));
      if (redacted.length === 0) return { redacted, left };
      const mentionCount = Math.max(left.length, erasure.mentionCount - redacted.length);
      await this.records.store(Object.assign(erasure, { mentions: left, mentionCount }));
      await this.events.publish(MentionsRedacted, {
        subject: { type: 'sales.erasure', id: erasure.id, label: erasure.requestNumber },
        payload: { customerId, redacted: redacted.length, left: mentionCount },
      });
      return { redacted, left };
    });
  }

  /** Every erasure that was carried out, oldest first: to be repeated after a restore. */
  async carriedOut(): Promise<Erasure[]> {
    return this.database.transaction(() => this.records.all(Erasure, { state: 'erased' }));
  }

  /** The customer of an id or RUT. @throws Problem NotFound */
  async find(idOrRut: { readonly id: string } | { readonly rut: string }): Promise<string | null> {
    return this.database.transaction(
      async () => (await this.records.find(Customer, idOrRut))?.id ?? null,
    );
  }

  private async isForgotten(customerId: string): Promise<boolean> {
    return (await this.records.get(Customer, customerId)).erasedAt !== null;
  }

  private async note(customer: Customer, input: RequestErasure): Promise<Erasure> {
    const { requestNumber, reason } = input;
    const said = `${requestNumber}\n${reason}`;
    if (await this.mentions.isIn(said, personOf(customer))) throw new Problem(ErasureTextPersonal);
    const erasure = await this.records.insert(Erasure, {
      ...{ customerId: customer.id, requestNumber, reason, state: 'requested' as const },
      ...{ requestedBy: currentActor().userId, approvedBy: null, erasedAt: null },
      ...{ mentions: [], mentionCount: 0 },
    });
    await this.events.publish(ErasureRequested, {
      subject: { type: 'sales.erasure', id: erasure.id, label: requestNumber },
      payload: { customerId: customer.id, requestNumber },
      reason,
    });
    return erasure;
  }

  private async forget(
    customer: Customer,
  ): Promise<{ outcome: readonly Erased[]; mentions: readonly Mention[] }> {
    const { done: outcome, mentions } = await this.mentions.leftBy(personOf(customer), () =>
      this.privacy.erase(customer),
    );
    return { outcome, mentions };
  }

  private async carryOut(
    erasure: Erasure,
  ): Promise<{ outcome: readonly Erased[]; mentions: readonly Mention[] }> {
    const customer = await this.records.get(Customer, erasure.customerId, 'update');
    await this.demandSettled(customer);
    const { outcome, mentions } = await this.forget(customer);
    await this.records.store(
      Object.assign(erasure, {
        ...{ state: 'erased', erasedAt: this.clock.now(), mentionCount: mentions.length },
        mentions: mentions.slice(0, MOST_MENTIONS),
      }),
    );
    const { customerId, requestNumber } = erasure;
    await this.events.publish(CustomerErased, {
      subject: { type: 'sales.customer', id: customerId, label: labelOf(customerId) },
      payload: { customerId, requestNumber, outcome, mentions: mentions.length },
    });
    return { outcome, mentions };
  }

  private async demandSettled(customer: Customer): Promise<void> {
    const obstacles = await this.privacy.obstacles(customer);
    if (obstacles.length > 0) throw new Problem(CustomerHasOpenMatters, { extra: { obstacles } });
  }
}

import { Injectable } from '@nestjs/common';
import { Clock, currentActor, Database, defineList, Events, Problem, Records } from '#kernel';
import type { Erased, ErasureObstacle, Page } from '#kernel';
import { Customer } from '../customer/customer.entity.js';
import { Erasure, ERASURE_STATES } from './erasure.entity.js';
import { CustomerErased, ErasureRequested } from './erasure.events.js';
import type { RequestErasure } from './erasure.input.js';
import {
  CustomerHasOpenMatters,
  ErasureNeedsSecondPerson,
  ErasureTextPersonal,
} from './erasure.problems.js';
import { labelOf, PrivacyService } from './privacy.service.js';

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
}

/** Undoes a rehearsal. */
class Rehearsed extends Error {
  constructor(readonly outcome: readonly Erased[]) {
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
        return { erasure: requested, obstacles: [], outcome: [] };
      }
      const erasure = await this.records.get(Erasure, requested.id, 'update');
      const outcome = await this.carryOut(erasure);
      return { erasure, obstacles: [], outcome };
    });
  }

  /** What would stand against it, or what it would do; nothing is kept of it. @throws Problem NotFound */
  async rehearse(customerId: string): Promise<ErasureOutcome> {
    const obstacles = await this.database.transaction(async () =>
      this.privacy.obstacles(await this.records.get(Customer, customerId)),
    );
    if (obstacles.length > 0) return { erasure: null, obstacles, outcome: [] };
    try {
      return await this.database.transaction(async () => {
        const customer = await this.records.get(Customer, customerId);
        throw new Rehearsed(await this.privacy.erase(customer));
      });
    } catch (error) {
      if (error instanceof Rehearsed) return { erasure: null, obstacles, outcome: error.outcome };
      throw error;
    }
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
    const said = `${requestNumber}\n${reason}`.toLocaleLowerCase('es');
    const own = [customer.name, customer.rut, customer.phone, customer.email];
    if (own.some((each) => each && said.includes(each.toLocaleLowerCase('es')))) {
      throw new Problem(ErasureTextPersonal);
    }
    const erasure = await this.records.insert(Erasure, {
      ...{ customerId: customer.id, requestNumber, reason, state: 'requested' as const },
      ...{ requestedBy: currentActor().userId, approvedBy: null, erasedAt: null },
    });
    await this.events.publish(ErasureRequested, {
      subject: { type: 'sales.erasure', id: erasure.id, label: requestNumber },
      payload: { customerId: customer.id, requestNumber },
      reason,
    });
    return erasure;
  }

  private async carryOut(erasure: Erasure): Promise<Erased[]> {
    const customer = await this.records.get(Customer, erasure.customerId, 'update');
    await this.demandSettled(customer);
    const outcome = await this.privacy.erase(customer);
    await this.records.store(
      Object.assign(erasure, { state: 'erased', erasedAt: this.clock.now() }),
    );
    const { customerId, requestNumber } = erasure;
    await this.events.publish(CustomerErased, {
      subject: { type: 'sales.customer', id: customerId, label: labelOf(customerId) },
      payload: { customerId, requestNumber, outcome },
    });
    return outcome;
  }

  private async demandSettled(customer: Customer): Promise<void> {
    const obstacles = await this.privacy.obstacles(customer);
    if (obstacles.length > 0) throw new Problem(CustomerHasOpenMatters, { extra: { obstacles } });
  }
}

import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { AddonRegistry, Database, Events, PersonalData, Records } from '#kernel';
import type { Erased, ErasureObstacle, HeldRecords, Person, PersonalSubjects } from '#kernel';
import { Customer } from '../customer/customer.entity.js';
import { CustomerExported } from './erasure.events.js';

/** Everything that is held of a customer, over all addons: to be shown, and to be forgotten. */
@Injectable()
export class PrivacyService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly registry: AddonRegistry,
    private readonly modules: ModuleRef,
  ) {}

  /**
   * A copy of everything (right of access and of portability, Ley 19.628 as amended by Ley 21.719). That it
   * was taken is an event.
   *
   * @throws Problem NotFound
   */
  async export(customerId: string): Promise<HeldRecords[]> {
    return this.database.transaction(async () => {
      const customer = await this.records.get(Customer, customerId);
      const person = personOf(customer);
      const subjects = await this.subjects(person);
      const held: HeldRecords[] = [];
      for (const source of this.sources()) held.push(...(await source.held(person, subjects)));
      const records = held.reduce((sum, { rows }) => sum + rows.length, 0);
      await this.events.publish(CustomerExported, {
        subject: { type: 'sales.customer', id: customerId, label: labelOf(customerId) },
        payload: { customerId, records },
      });
      return held.filter(({ rows }) => rows.length > 0);
    });
  }

  /** What stands against forgetting the customer now. */
  async obstacles(customer: Customer): Promise<ErasureObstacle[]> {
    const found: ErasureObstacle[] = [];
    for (const source of this.sources())
      found.push(...(await source.obstacles(personOf(customer))));
    return found;
  }

  /** Lets every addon forget the person, in the caller's transaction. */
  async erase(customer: Customer): Promise<Erased[]> {
    const person = personOf(customer);
    const subjects = await this.subjects(person);
    const outcome: Erased[] = [];
    for (const source of this.sources()) outcome.push(...(await source.erase(person, subjects)));
    return outcome.filter(({ count }) => count > 0);
  }

  private async subjects(person: Person): Promise<PersonalSubjects[]> {
    const found: PersonalSubjects[] = [];
    for (const source of this.sources()) found.push(...(await source.subjects(person)));
    return found.filter(({ ids }) => ids.length > 0);
  }

  private sources(): PersonalData[] {
    return this.registry.personalData.map((type) => this.modules.get(type, { strict: false }));
  }
}

/** How the audit calls a customer. */
export function labelOf(customerId: string): string {
  return `customer ${customerId.slice(-6)}`;
}

function personOf({ id, rut }: Customer): Person {
  return { customerId: id, rut };
}

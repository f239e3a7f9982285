import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { AddonRegistry, Database, Events, PersonalData, Records } from '#kernel';
import type {
  Erased,
  ErasureObstacle,
  HeldRecords,
  Mention,
  Person,
  PersonalSubjects,
} from '#kernel';
import { Customer } from '../customer/customer.entity.js';
import type { CopySink } from './copy.js';
import { CustomerExported } from './erasure.events.js';

/** A customer of many years is a long copy; nobody waits for it but who asked. */
const PATIENCE = { statementMs: 600_000, lockMs: 30_000 };

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
   * A copy of everything (right of access and of portability, Ley 19.628 as amended by Ley 21.719), a row at a
   * time. That it was taken is an event.
   *
   * @throws Problem NotFound
   */
  async export(customerId: string, copy: CopySink): Promise<void> {
    await this.database.transaction(async () => {
      await this.database.takeTime(PATIENCE);
      const customer = await this.records.get(Customer, customerId);
      const person = personOf(customer);
      const subjects = await this.subjects(person);
      let records = 0;
      for (const source of this.sources()) {
        for (const held of await source.held(person, subjects)) records += await write(held, copy);
      }
      await this.events.publish(CustomerExported, {
        subject: { type: 'sales.customer', id: customerId, label: labelOf(customerId) },
        payload: { customerId, records },
      });
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

  /** Takes out texts that name somebody who was forgotten. @returns those that could be taken out */
  async redact(mentions: readonly Mention[]): Promise<Mention[]> {
    const done: Mention[] = [];
    for (const source of this.sources()) done.push(...(await source.redact(mentions)));
    return done;
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

/** One kind of records, if there are any. @returns how many */
async function write({ name, title, rows }: HeldRecords, copy: CopySink): Promise<number> {
  let count = 0;
  for await (const row of rows) {
    if (count === 0) await copy.begin(name, title);
    await copy.row(row);
    count += 1;
  }
  if (count > 0) await copy.end();
  return count;
}

/** How the audit calls a customer. */
export function labelOf(customerId: string): string {
  return `customer ${customerId.slice(-6)}`;
}

export function personOf({ id, name, rut, phone, email }: Customer): Person {
  return { customerId: id, name, rut, phone, email };
}

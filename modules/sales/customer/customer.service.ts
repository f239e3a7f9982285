import { Injectable } from '@nestjs/common';
import { Database, defineList, Events, Problem, Records } from '#kernel';
import type { Page, Subject } from '#kernel';
import { Customer, PERSONAL_FIELDS } from './customer.entity.js';
import { CustomerChanged, CustomerCreated } from './customer.events.js';
import type { CreateCustomer, EditCustomer } from './customer.input.js';
import { CustomerErased, CustomerInactive } from './customer.problems.js';

/** What clients may ask of the customers. */
export const customerList = defineList({
  entity: Customer,
  filters: { name: 'text', rut: 'text', phone: 'text', active: 'boolean', createdAt: 'instant' },
  sorts: ['name', 'createdAt'],
  sort: 'name',
});

/** The company's customers. */
@Injectable()
export class CustomerService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<Customer>> {
    return this.database.transaction(() => this.records.page(customerList, query));
  }

  async show(id: string): Promise<Customer> {
    return this.database.transaction(() => this.records.get(Customer, id));
  }

  /** An active customer, for what begins now. @throws Problem NotFound, CustomerInactive */
  async demandActive(id: string): Promise<Customer> {
    const customer = await this.show(id);
    if (!customer.active) throw new Problem(CustomerInactive);
    return customer;
  }

  async create(input: CreateCustomer): Promise<Customer> {
    return this.database.transaction(async () => {
      const { name, rut = null, phone = null, email = null, notes = null } = input;
      const draft = { name, rut, phone, email, notes, active: true, erasedAt: null };
      const customer = await this.records.insert(Customer, draft);
      await this.events.publish(CustomerCreated, factsOf(customer));
      return customer;
    });
  }

  async edit(id: string, input: EditCustomer, version: number): Promise<Customer> {
    return this.database.transaction(async () => {
      const customer = await this.records.get(Customer, id, 'update');
      this.records.matchVersion(customer, version);
      if (customer.erasedAt) throw new Problem(CustomerErased);
      const changes = await this.records.store(Object.assign(customer, input), PERSONAL_FIELDS);
      if (Object.keys(changes).length === 0) return customer;
      await this.events.publish(CustomerChanged, { ...factsOf(customer), changes });
      return customer;
    });
  }
}

function factsOf(customer: Customer): { subject: Subject; payload: { customerId: string } } {
  return {
    subject: {
      type: 'sales.customer',
      id: customer.id,
      label: `customer ${customer.id.slice(-6)}`,
    },
    payload: { customerId: customer.id },
  };
}

import { Injectable } from '@nestjs/common';
import { Database, defineList, Events, pick, Records } from '#kernel';
import type { Page, Subject } from '#kernel';
import { Service } from './service.entity.js';
import { ServiceChanged, ServiceCreated, ServicePriceChanged } from './service.events.js';
import type { ServiceFacts } from './service.events.js';
import type { CreateService, EditService } from './service.input.js';

/** What clients may ask of the price list. */
export const serviceList = defineList({
  entity: Service,
  filters: { code: 'text', active: 'boolean', price: 'integer' },
  sorts: ['code', 'name', 'price', 'createdAt'],
  sort: 'code',
});

/** The company's price list. */
@Injectable()
export class ServiceService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<Service>> {
    return this.database.transaction(() => this.records.page(serviceList, query));
  }

  async show(id: string): Promise<Service> {
    return this.database.transaction(() => this.records.get(Service, id));
  }

  async create(input: CreateService): Promise<Service> {
    return this.database.transaction(async () => {
      const { code, name, unit = 'unit', price } = input;
      const draft = { code, name, unit, price, active: true };
      const service = await this.records.insert(Service, draft);
      await this.events.publish(ServiceCreated, {
        subject: subjectOf(service),
        payload: { serviceId: service.id, price, service: factsOf(service) },
      });
      return service;
    });
  }

  /** Changes the name or price; orders that were taken keep the price they were taken at. */
  async edit(id: string, input: EditService, version: number): Promise<Service> {
    return this.database.transaction(async () => {
      const service = await this.records.get(Service, id, 'update');
      this.records.matchVersion(service, version);
      const before = service.price;
      const { price, ...others } = await this.records.store(Object.assign(service, input));
      const subject = subjectOf(service);
      if (price) {
        const told = { before, after: service.price };
        const payload = { serviceId: id, ...told, service: factsOf(service) };
        await this.events.publish(ServicePriceChanged, { subject, payload, changes: { price } });
      }
      if (Object.keys(others).length > 0) {
        const payload = { serviceId: id, service: factsOf(service) };
        await this.events.publish(ServiceChanged, { subject, payload, changes: others });
      }
      return service;
    });
  }
}

function factsOf(service: Service): ServiceFacts {
  return pick(service, 'code', 'name', 'unit', 'price', 'active');
}

function subjectOf(service: Service): Subject {
  return { type: 'sales.service', id: service.id, label: service.code };
}

import { Injectable } from '@nestjs/common';
import { Clock, currentActor, Database, Events, Records } from '#kernel';
import { Company } from './company.entity.js';
import { CompanyChanged, CompanyCreated } from './company.events.js';
import type { EditCompany } from './company.input.js';

/** The company that the actor belongs to. */
@Injectable()
export class CompanyService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly clock: Clock,
  ) {}

  /** Founds the company under whose id the house is acting; for commands and the demo. */
  async found(draft: Pick<Company, 'rut' | 'name' | 'address'>): Promise<Company> {
    return this.database.transaction(async () => {
      const now = this.clock.now();
      const id = this.database.companyId;
      await this.database.rows('INSERT INTO kernel_company (id, created_at) VALUES ($1, $2)', [
        id,
        now,
      ]);
      const company = await this.records.insert(Company, { ...draft, id });
      await this.events.publish(CompanyCreated, {
        subject: subjectOf(company),
        payload: { companyId: id },
      });
      return company;
    });
  }

  /** The actor's company. */
  async show(): Promise<Company> {
    return this.database.transaction(() => this.records.get(Company, currentActor().companyId));
  }

  async edit(input: EditCompany, version: number): Promise<Company> {
    return this.database.transaction(async () => {
      const company = await this.records.get(Company, currentActor().companyId, 'update');
      this.records.matchVersion(company, version);
      const changes = await this.records.store(Object.assign(company, input));
      if (Object.keys(changes).length === 0) return company;
      await this.events.publish(CompanyChanged, {
        subject: subjectOf(company),
        payload: { companyId: company.id },
        changes,
      });
      return company;
    });
  }
}

function subjectOf(company: Company): { type: string; id: string; label: string } {
  return { type: 'base.company', id: company.id, label: company.rut };
}

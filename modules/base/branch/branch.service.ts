import { Injectable } from '@nestjs/common';
import { Database, defineList, Events, Problem, Records } from '#kernel';
import type { Page, Subject } from '#kernel';
import { Branch } from './branch.entity.js';
import { BranchChanged, BranchCreated } from './branch.events.js';
import type { CreateBranch, EditBranch } from './branch.input.js';
import { BranchInactive } from './branch.problems.js';

/** What clients may ask of the branches. */
export const branchList = defineList({
  entity: Branch,
  filters: { code: 'text', active: 'boolean' },
  sorts: ['code', 'createdAt'],
  sort: 'code',
});

/** The company's branches. */
@Injectable()
export class BranchService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<Branch>> {
    return this.database.transaction(() => this.records.page(branchList, query));
  }

  async show(id: string): Promise<Branch> {
    return this.database.transaction(() => this.records.get(Branch, id));
  }

  /** A branch that is open for business. @throws Problem NotFound, BranchInactive */
  async demandActive(id: string): Promise<Branch> {
    const branch = await this.show(id);
    if (!branch.active) throw new Problem(BranchInactive);
    return branch;
  }

  async create(input: CreateBranch): Promise<Branch> {
    return this.database.transaction(async () => {
      const { code, name, address = null } = input;
      const branch = await this.records.insert(Branch, { code, name, address, active: true });
      const payload = { branchId: branch.id };
      await this.events.publish(BranchCreated, { subject: subjectOf(branch), payload });
      return branch;
    });
  }

  async edit(id: string, input: EditBranch, version: number): Promise<Branch> {
    return this.database.transaction(async () => {
      const branch = await this.records.get(Branch, id, 'update');
      this.records.matchVersion(branch, version);
      const changes = await this.records.store(Object.assign(branch, input));
      if (Object.keys(changes).length === 0) return branch;
      const payload = { branchId: branch.id };
      await this.events.publish(BranchChanged, { subject: subjectOf(branch), payload, changes });
      return branch;
    });
  }
}

function subjectOf(branch: Branch): Subject {
  return { type: 'base.branch', id: branch.id, label: branch.code };
}

import { Injectable } from '@nestjs/common';
import { Database, defineList, Events, Problem, Records } from '#kernel';
import type { Page, Subject } from '#kernel';
import { BranchService } from '../branch/branch.service.js';
import { Register } from './register.entity.js';
import { RegisterChanged, RegisterCreated } from './register.events.js';
import type { CreateRegister, EditRegister } from './register.input.js';
import { RegisterInactive } from './register.problems.js';

/** What clients may ask of the registers. */
export const registerList = defineList({
  entity: Register,
  filters: { branchId: 'id', code: 'text', active: 'boolean' },
  sorts: ['code', 'createdAt'],
  sort: 'code',
});

/** The company's cash registers. */
@Injectable()
export class RegisterService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly branches: BranchService,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<Register>> {
    return this.database.transaction(() => this.records.page(registerList, query));
  }

  async show(id: string): Promise<Register> {
    return this.database.transaction(() => this.records.get(Register, id));
  }

  /** A register in use. @throws Problem NotFound, RegisterInactive */
  async demandActive(id: string): Promise<Register> {
    const register = await this.show(id);
    if (!register.active) throw new Problem(RegisterInactive);
    return register;
  }

  /** Codes by id, whatever the actor may read of registers: for papers that must say which. */
  async codes(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.database.transaction(async () => {
      const registers = await this.records.allBeyondRules(Register, { id: ids });
      return new Map(registers.map(({ id, code }) => [id, code]));
    });
  }

  async create(input: CreateRegister): Promise<Register> {
    return this.database.transaction(async () => {
      const { id: branchId } = await this.branches.demandActive(input.branchId);
      const { code, name } = input;
      const register = await this.records.insert(Register, { branchId, code, name, active: true });
      await this.events.publish(RegisterCreated, factsOf(register));
      return register;
    });
  }

  async edit(id: string, input: EditRegister, version: number): Promise<Register> {
    return this.database.transaction(async () => {
      const register = await this.records.get(Register, id, 'update');
      this.records.matchVersion(register, version);
      const changes = await this.records.store(Object.assign(register, input));
      if (Object.keys(changes).length === 0) return register;
      await this.events.publish(RegisterChanged, { ...factsOf(register), changes });
      return register;
    });
  }
}

function factsOf(register: Register): {
  subject: Subject;
  payload: { registerId: string; branchId: string };
} {
  return {
    subject: { type: 'base.register', id: register.id, label: register.code },
    payload: { registerId: register.id, branchId: register.branchId },
  };
}

import { Injectable } from '@nestjs/common';
import { Database } from '#kernel';
import { BranchService, CompanyService, RegisterService, UserService } from '#modules/base';
import type { DailyCutView } from './daily-cut.view.js';

/** What the ids of a cut are called now, for people; the cut itself keeps ids. */
export interface CutNames {
  readonly company: { readonly name: string; readonly rut: string };
  readonly branch: { readonly code: string; readonly name: string };
  /** Codes by id. */
  readonly registers: ReadonlyMap<string, string>;
  /** Names by id. */
  readonly users: ReadonlyMap<string, string>;
}

/** Looks up the names that a paper says instead of ids. */
@Injectable()
export class CutNamesService {
  constructor(
    private readonly database: Database,
    private readonly companies: CompanyService,
    private readonly branches: BranchService,
    private readonly registers: RegisterService,
    private readonly users: UserService,
  ) {}

  /** The names of all that the cut mentions. */
  async of({ branchId, bySession, cutBy }: DailyCutView): Promise<CutNames> {
    const registerIds = bySession.map(({ registerId }) => registerId);
    const userIds = bySession.map(({ cashierId }) => cashierId);
    return this.database.transaction(async () => ({
      company: await this.companies.show(),
      branch: await this.branches.show(branchId),
      registers: await this.registers.codes(registerIds),
      users: await this.users.names(cutBy === null ? userIds : [...userIds, cutBy]),
    }));
  }
}

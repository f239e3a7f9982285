import { Injectable } from '@nestjs/common';
import { Database, defineList, Records } from '#kernel';
import type { Page } from '#kernel';
import { Fee } from './fee.entity.js';

export const feeList = defineList<Fee>({
  entity: Fee,
  filters: { period: 'text', issuerRut: 'text', createdAt: 'instant' },
  sorts: ['createdAt'],
  sort: '-createdAt',
});

/** The fees of the ledger. */
@Injectable()
export class FeeService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<Fee>> {
    return this.database.transaction(() => this.records.page(feeList, query));
  }
}

import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { PersonalData } from './personal-data.js';
import type { Erased, HeldRecords, Person, PersonalSubjects } from './personal-data.js';

const WITH_ANY = `DELETE FROM kernel_idempotency WHERE company_id = $1
  AND body::text LIKE ANY (SELECT '%' || id || '%' FROM unnest($2::text[]) AS id)`;

/** Answers that are kept for three days, to be given again to a request that is repeated. */
@Injectable()
export class KernelPersonalData extends PersonalData {
  constructor(private readonly database: Database) {
    super();
  }

  /** They repeat what the records themselves say. */
  async held(): Promise<readonly HeldRecords[]> {
    return [];
  }

  async erase(
    { customerId }: Person,
    subjects: readonly PersonalSubjects[],
  ): Promise<readonly Erased[]> {
    const ids = [customerId, ...subjects.flatMap((each) => each.ids)];
    const count = await this.database.change(WITH_ANY, [this.database.companyId, ids]);
    return [{ what: 'answers kept for repeated requests', count, keptBy: null }];
  }
}

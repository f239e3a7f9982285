import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { ownWordsOf } from './own-words.js';
import { PersonalData } from './personal-data.js';
import type { Erased, HeldRecords, Person, PersonalSubjects } from './personal-data.js';

/**
 * Answers about records of the person, or with a text that names the person. Ids are looked up and not searched
 * for one by one: a customer may have a hundred thousand orders.
 */
const WITH_ANY = `DELETE FROM kernel_idempotency WHERE company_id = $1
  AND (body::text ~* $3 OR EXISTS (SELECT FROM regexp_matches(body::text, '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'g') AS said
    WHERE said[1] = ANY($2::text[])))`;

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

  async erase(person: Person, subjects: readonly PersonalSubjects[]): Promise<readonly Erased[]> {
    const ids = [person.customerId, ...subjects.flatMap((each) => each.ids)];
    const count = await this.database.change(WITH_ANY, [
      ...[this.database.companyId, ids, ownWordsOf(person).mention],
    ]);
    return [{ what: 'answers kept for repeated requests', count, keptBy: null }];
  }
}

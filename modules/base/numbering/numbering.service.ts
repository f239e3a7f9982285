import { Injectable } from '@nestjs/common';
import { Database } from '#kernel';

const NEXT = `INSERT INTO base_sequence (company_id, branch_id, name, value) VALUES ($1, $2, $3, 1)
  ON CONFLICT (company_id, branch_id, name) DO UPDATE SET value = base_sequence.value + 1
  RETURNING value::integer AS value`;

/**
 * Numbers without a gap, per company, branch and kind of document. The counter's row stays
 * locked until the transaction ends: a rolled-back document gives its number back, and two
 * documents of one branch wait for each other. Take the number last.
 */
@Injectable()
export class Numbering {
  constructor(private readonly database: Database) {}

  /** The next number of the sequence, from 1. */
  async next(name: string, branchId: string): Promise<number> {
    return this.database.transaction(async () => {
      const [row] = await this.database.rows<{ value: number }>(NEXT, [
        this.database.companyId,
        branchId,
        name,
      ]);
      if (!row) throw new Error('unreachable: an upsert returns its row');
      return row.value;
    });
  }
}

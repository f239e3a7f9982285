import { Injectable } from '@nestjs/common';
import { Database, Problem, Records, Round, runAsHouse } from '#kernel';
import { Policy } from './policy.entity.js';
import { PolicyInState } from './policy.problems.js';
import { PolicyService } from './policy.service.js';
import { RateService } from './rate.service.js';

/** Looks after enforced policies, and rolls back one that breaks pages. */
@Injectable()
export class WatchService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly rates: RateService,
    private readonly policies: PolicyService,
  ) {}

  /** One look at every company that enforces a policy. */
  @Round({ restMs: 15_000 })
  async look(): Promise<void> {
    const companies = await this.database.rowsWithoutCompany<{ id: string }>(
      'SELECT company_id AS id FROM security_csp_enforcing()',
    );
    for (const { id } of companies) {
      await runAsHouse(id, 'security-csp.watch', () => this.lookAt());
    }
  }

  private async lookAt(): Promise<void> {
    const enforcing = await this.database.transaction(() =>
      this.records.all(Policy, { state: 'enforcing' }),
    );
    for (const { id } of enforcing) {
      const why = await this.database.transaction(async () => {
        const policy = await this.records.get(Policy, id);
        return policy.state === 'enforcing' ? this.rates.alarm(policy) : null;
      });
      if (why !== null) await this.rollBack(id, why);
    }
  }

  /** A person, or another process, may have done it meanwhile: then there is nothing left to do. */
  private async rollBack(id: string, why: string): Promise<void> {
    try {
      await this.policies.rollBack(id, why, true);
    } catch (error) {
      if (!(error instanceof Problem) || error.definition !== PolicyInState) throw error;
    }
  }
}

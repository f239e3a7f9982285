import { Injectable } from '@nestjs/common';
import { Database } from '#kernel';
import type { Evidence } from './evidence.js';

const BATCH = 1_000;

/** Reads what the groups of an app say. */
@Injectable()
export class EvidenceService {
  constructor(private readonly database: Database) {}

  /** Every group of the app, a thousand at a time, the oldest first. */
  async *read(appId: string): AsyncGenerator<Evidence> {
    let after = '00000000-0000-0000-0000-000000000000';
    for (;;) {
      const batch = await this.batch(appId, after);
      yield* batch;
      const last = batch.at(-1);
      if (last === undefined || batch.length < BATCH) return;
      after = last.id;
    }
  }

  private async batch(appId: string, after: string): Promise<Evidence[]> {
    return this.database.rows<Evidence>(
      `SELECT g.id, g.directive, g.blocked_kind AS "blockedKind", g.blocked_origin AS "blockedOrigin",
         g.blocked_url AS "blockedUrl", g.document_origins AS "documentOrigins", g.noise, g.verdict,
         CASE WHEN r.id IS NULL THEN NULL
           ELSE jsonb_build_object('how', r.how, 'hashes', r.hashes) END AS resolution
       FROM security_csp_group g
       LEFT JOIN security_csp_resolution r ON r.company_id = g.company_id AND r.id = g.id
       WHERE g.company_id = $1 AND g.app_id = $2 AND g.id > $3
       ORDER BY g.id LIMIT ${BATCH}`,
      [this.database.companyId, appId, after],
    );
  }
}

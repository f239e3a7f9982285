import { Injectable } from '@nestjs/common';
import { Clock, Database } from '#kernel';
import { SettingService } from '#modules/base';
import { CANARY_ORIGIN } from './evidence.js';
import type { Policy } from './policy.entity.js';
import { CSP_ROLL_BACK_REPORTERS, CSP_ROLL_BACK_REPORTS } from './policy.settings.js';

const MINUTE_MS = 60_000;
const WINDOW_MINUTES = 10;
const KEPT_MINUTES = 120;
/** So many times what is usual is a spike. */
const SPIKE = 5;

interface Sample {
  readonly at: Date;
  readonly total: number;
}

/** Counts what an enforced policy blocks, minute by minute, and says when it must go back. */
@Injectable()
export class RateService {
  constructor(
    private readonly database: Database,
    private readonly settings: SettingService,
    private readonly clock: Clock,
  ) {}

  /** Where counting starts. */
  async begin(policy: Policy): Promise<void> {
    await this.sample(policy, this.clock.now());
  }

  /** Counts, and says why an enforced policy must be rolled back; null while it must not. */
  async alarm(policy: Policy): Promise<string | null> {
    const now = this.clock.now();
    const samples = await this.sample(policy, now);
    return (await this.newGroup(policy)) ?? this.spike(samples, now);
  }

  /** One sample a minute, whoever takes it; those of the last two hours, the oldest first. */
  private async sample({ id, appId, number }: Policy, now: Date): Promise<readonly Sample[]> {
    const { companyId } = this.database;
    const minute = new Date(Math.floor(now.getTime() / MINUTE_MS) * MINUTE_MS);
    const oldest = new Date(now.getTime() - KEPT_MINUTES * MINUTE_MS);
    await this.database.rows(
      'DELETE FROM security_csp_rate WHERE company_id = $1 AND policy_id = $2 AND at < $3',
      [companyId, id, oldest],
    );
    await this.database.rows(
      `INSERT INTO security_csp_rate (company_id, policy_id, at, total)
       SELECT $1, $2, $3, coalesce(sum(count), 0) FROM security_csp_group
       WHERE company_id = $1 AND app_id = $4 AND policy_version = $5 AND disposition = 'enforce'
         AND NOT noise AND verdict <> 'rejected' AND blocked_origin IS DISTINCT FROM $6
       ON CONFLICT DO NOTHING`,
      [companyId, id, minute, appId, number, CANARY_ORIGIN],
    );
    const rows = await this.database.rows<{ at: Date; total: string }>(
      'SELECT at, total FROM security_csp_rate WHERE company_id = $1 AND policy_id = $2 ORDER BY at',
      [companyId, id],
    );
    return rows.map(({ at, total }) => ({ at, total: Number(total) }));
  }

  private async spike(samples: readonly Sample[], now: Date): Promise<string | null> {
    const [first] = samples;
    const last = samples.at(-1);
    if (!first || !last) return null;
    const since = now.getTime() - WINDOW_MINUTES * MINUTE_MS;
    const before = samples.findLast(({ at }) => at.getTime() <= since) ?? first;
    const recent = last.total - before.total;
    const minutes = (before.at.getTime() - first.at.getTime()) / MINUTE_MS;
    const usual =
      minutes < WINDOW_MINUTES ? 0 : ((before.total - first.total) / minutes) * WINDOW_MINUTES;
    const threshold = await this.settings.value<number>(CSP_ROLL_BACK_REPORTS);
    if (recent < threshold || recent <= usual * SPIKE) return null;
    return `${recent} reports in ${WINDOW_MINUTES} minutes, ${Math.round(usual)} are usual`;
  }

  private async newGroup({ appId, number, enforcedAt }: Policy): Promise<string | null> {
    const reporters = await this.settings.value<number>(CSP_ROLL_BACK_REPORTERS);
    const [found] = await this.database.rows<{ directive: string; blocked: string; seen: number }>(
      `SELECT directive, coalesce(blocked_origin, blocked_kind) AS blocked, reporters AS seen
       FROM security_csp_group
       WHERE company_id = $1 AND app_id = $2 AND policy_version = $3 AND disposition = 'enforce'
         AND first_seen_at > $4 AND reporters >= $5 AND NOT noise AND verdict <> 'rejected'
         AND blocked_origin IS DISTINCT FROM $6
       ORDER BY first_seen_at LIMIT 1`,
      [this.database.companyId, appId, number, enforcedAt, reporters, CANARY_ORIGIN],
    );
    if (!found) return null;
    return `new group ${found.directive} ${found.blocked} of ${found.seen} reporters`;
  }
}

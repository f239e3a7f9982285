import { Injectable } from '@nestjs/common';
import { businessDay, Clock, Database } from '#kernel';
import type { Sentence } from '#kernel';
import { SettingService } from '#modules/base';
import { CANARY_ORIGIN } from './evidence.js';
import type { Policy } from './policy.entity.js';
import {
  CSP_CANARY_HOURS,
  CSP_MONTH_END,
  CSP_OBSERVED_DAYS,
  CSP_QUIET_DAYS,
} from './policy.settings.js';

/** What must hold before a policy is enforced, and which a person may waive with a reason. */
export const GATES = ['observed', 'month-end', 'canary', 'quiet'] as const;
type GateName = (typeof GATES)[number];

export interface Gate extends Sentence {
  readonly gate: GateName;
  readonly met: boolean;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Looks at what must hold before a policy is enforced. */
@Injectable()
export class GateService {
  constructor(
    private readonly database: Database,
    private readonly settings: SettingService,
    private readonly clock: Clock,
  ) {}

  async look(policy: Policy): Promise<readonly Gate[]> {
    const now = this.clock.now();
    return [
      await this.observed(policy, now),
      await this.monthEnd(policy, now),
      await this.canary(policy, now),
      await this.quiet(policy, now),
    ];
  }

  private async observed({ observedAt }: Policy, now: Date): Promise<Gate> {
    const wanted = await this.settings.value<number>(CSP_OBSERVED_DAYS);
    const days = observedAt === null ? 0 : daysBetween(observedAt, now);
    return {
      gate: 'observed',
      met: days >= wanted,
      es: `observada ${days} de ${wanted} días`,
      en: `observed for ${days} of ${wanted} days`,
    };
  }

  private async monthEnd({ observedAt }: Policy, now: Date): Promise<Gate> {
    const isWanted = await this.settings.value<boolean>(CSP_MONTH_END);
    const has = observedAt !== null && holdsMonthEnd(observedAt, now);
    return {
      gate: 'month-end',
      met: !isWanted || has,
      es: has ? 'un fin de mes observado' : 'ningún fin de mes observado',
      en: has ? 'the end of a month was observed' : 'no end of a month was observed',
    };
  }

  /** Zero reports from an address that nobody hears look like success. */
  private async canary({ appId }: Policy, now: Date): Promise<Gate> {
    const hours = await this.settings.value<number>(CSP_CANARY_HOURS);
    const [found] = await this.database.rows<{ at: Date | null }>(
      `SELECT max(last_seen_at) AS at FROM security_csp_group
       WHERE company_id = $1 AND app_id = $2 AND blocked_origin = $3`,
      [this.database.companyId, appId, CANARY_ORIGIN],
    );
    const at = found?.at ?? null;
    return {
      gate: 'canary',
      met: at !== null && now.getTime() - at.getTime() <= hours * HOUR_MS,
      es: at === null ? 'el canario nunca llegó' : `último canario: ${at.toISOString()}`,
      en: at === null ? 'the canary never came' : `last canary: ${at.toISOString()}`,
    };
  }

  private async quiet({ appId, candidateAt }: Policy, now: Date): Promise<Gate> {
    const wanted = await this.settings.value<number>(CSP_QUIET_DAYS);
    const since = new Date(now.getTime() - wanted * DAY_MS);
    const [found] = await this.database.rows<{ count: number }>(
      `SELECT count(*)::int AS count FROM security_csp_group
       WHERE company_id = $1 AND app_id = $2 AND first_seen_at > $3 AND NOT noise
         AND verdict = 'pending' AND blocked_origin IS DISTINCT FROM $4`,
      [this.database.companyId, appId, since, CANARY_ORIGIN],
    );
    const count = found?.count ?? 0;
    const days = candidateAt === null ? 0 : daysBetween(candidateAt, now);
    return {
      gate: 'quiet',
      met: count === 0 && days >= wanted,
      es: `candidata ${days} de ${wanted} días; grupos nuevos sin explicar: ${count}`,
      en: `candidate for ${days} of ${wanted} days; new unexplained groups: ${count}`,
    };
  }
}

function daysBetween(from: Date, to: Date): number {
  return Math.max(0, Math.floor((to.getTime() - from.getTime()) / DAY_MS));
}

/** Whether the business days from one instant to another hold the last day of a month. */
function holdsMonthEnd(from: Date, to: Date): boolean {
  return businessDay(from).slice(0, 7) < businessDay(to).slice(0, 7);
}

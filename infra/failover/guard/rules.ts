/** What a member's guard tells the others of its own PostgreSQL. */
export interface Report {
  readonly member: string;
  /** Patroni's word: `running` for one that works. */
  readonly state: string;
  readonly isStandby: boolean;
  readonly timeline: number;
  /** The last byte of the log that is on its disk. */
  readonly position: number;
  /** The plan that it had read before it looked at its position; null: none. */
  readonly plan: string | null;
}

/** What the leader's guard sees when writes do not come back. */
export interface Stall {
  readonly member: string;
  /** Every member of the cluster, this one too, whether it lives or not. */
  readonly members: readonly string[];
  readonly stalledSeconds: number;
  /** Commits wait for a standby, and none streams; null when PostgreSQL does not even say why they wait. */
  readonly isCutOff: boolean | null;
  readonly timeline: number;
  readonly reports: readonly Report[];
  readonly frozen: string | null;
  readonly isHeldDown: boolean;
}

export interface Decision {
  readonly action: 'stay' | 'step down';
  readonly reason: string;
}

/**
 * Whether a primary that cannot commit gives its place away. Every other member must be seen: what
 * was acknowledged is on one of them, and only who sees all of them knows on which.
 */
export function decide(stall: Stall, stallSeconds: number): Decision {
  const stay = (reason: string): Decision => ({ action: 'stay', reason });
  if (stall.stalledSeconds < stallSeconds) return stay('writes come back');
  const since = `writes have waited for ${Math.round(stall.stalledSeconds)} s`;
  if (stall.isCutOff === null) return stay(`${since}, and PostgreSQL does not say why: a person must look`); // prettier-ignore
  if (!stall.isCutOff) return stay(`${since}, and not for want of a standby: a person must look`);
  if (stall.frozen !== null) return stay(`${since}, but the kill switch is on: ${stall.frozen}`);
  if (stall.isHeldDown) return stay(`${since}, but the last step down is too recent`);
  const silent = unseen(stall, null);
  if (silent.length > 0) return stay(`${since}, but ${silent.join(' and ')} cannot take over`);
  return { action: 'step down', reason: `${since}; no standby streams, and all others are well` };
}

/** The other members of whom there is no good report that was made after they had read the plan. */
export function unseen(
  {
    member,
    members,
    timeline,
    reports,
  }: Pick<Stall, 'member' | 'members' | 'timeline' | 'reports'>,
  plan: string | null,
): string[] {
  const others = members.filter((each) => each !== member);
  return others.filter((name) => {
    const report = reports.find((each) => each.member === name);
    const isWell = report?.isStandby && report.state === 'running' && report.timeline === timeline;
    return !isWell || (plan !== null && report?.plan !== plan);
  });
}

/** The one with the most: whatever was acknowledged is a beginning of its log. Ties by name. */
export function furthest(reports: readonly Report[]): string | null {
  const [best] = [...reports].sort(
    (a, b) => b.position - a.position || (a.member < b.member ? -1 : 1),
  );
  return best?.member ?? null;
}

/** From well to worst; `unknown` is worse than a warning, since not to know is not to be well. */
export type HostSeverity = 'good' | 'warning' | 'critical' | 'unknown';

/** One thing of this machine that was looked at. */
export interface HostFinding {
  readonly severity: HostSeverity;
  /** What was looked at, in a few words that stay the same. */
  readonly what: string;
  /** What is so, and for anything but `good` why that is wrong. */
  readonly why: string;
  /** Page that says what to do, from the top of the repository, with its heading. */
  readonly runbook: string;
}

/** What a monitoring system reads, as of `ofitec alerts check`. */
const EXIT: Readonly<Record<HostSeverity, number>> = {
  good: 0,
  warning: 1,
  critical: 2,
  unknown: 3,
};
const WORST_FIRST: readonly HostSeverity[] = ['critical', 'unknown', 'warning', 'good'];

const PAGE = 'runbooks/security/host.md';

/** Findings about one thing, each with the heading of the runbook that it belongs to. */
export function findingsAbout(
  what: string,
  heading: string,
): (severity: HostSeverity, why: string, more?: string) => HostFinding {
  return (severity, why, more) => ({
    severity,
    what: more === undefined ? what : `${what} ${more}`,
    why,
    runbook: `${PAGE}#${heading}`,
  });
}

/** 0 when all is good, 1 for a warning, 2 for something critical, 3 when something could not be seen. */
export function exitCodeOf(findings: readonly HostFinding[]): number {
  const worst = WORST_FIRST.find((severity) => findings.some((each) => each.severity === severity));
  return worst === undefined ? EXIT.unknown : EXIT[worst];
}

/** The worst first, else as they were looked at. */
export function worstFirst(findings: readonly HostFinding[]): HostFinding[] {
  return WORST_FIRST.flatMap((severity) => findings.filter((each) => each.severity === severity));
}

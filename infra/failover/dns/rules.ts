/**
 * The rules of the failover as functions of what is known: no clock, no network, no state of their
 * own. Each observer judges by `judge`, each decider by `consensusOf` and `decide`.
 */

/** UNKNOWN never votes, neither to leave a site nor to go to one. */
export type Verdict = 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN';

/**
 * What one look at a site's public address found. `ready`: 200 with the nonce. `answers`: somebody
 * answered something else (5xx, a wrong nonce, a TLS fault). `slow`: the connection was taken and the
 * answer did not come in time. `dead`: nobody takes connections. `unknown`: the look itself failed.
 */
export type Look = 'ready' | 'answers' | 'slow' | 'dead' | 'unknown';

/** What a witness says that may not have been asked, because none is configured. */
export type Testimony = 'yes' | 'no' | 'unknown' | 'unasked';

/** All that one observer found out about one site in one look. */
export interface Evidence {
  readonly look: Look;
  /** Prometheus, `gate:healthy` not older than its bound. */
  readonly gate: Testimony;
  /** Whether one of the site's Patroni members holds the leader lock. */
  readonly primary: Testimony;
}

/** What one observer says of one site. */
export interface Opinion {
  readonly verdict: Verdict;
  /** Whether payments could be written there; null when nobody knows. */
  readonly writable: boolean | null;
  readonly reason: string;
}

/** An opinion with how many looks in a row came to the same verdict, this one included. */
export interface Observation extends Opinion {
  readonly streak: number;
}

/**
 * One observer's verdict. A witness that was asked and does not know makes it UNKNOWN, and so does one
 * that contradicts. A slow site or one that answers 5xx lives: moving away from it is a person's choice.
 */
export function judge({ look, gate, primary }: Evidence): Opinion {
  const writable = writableBy(look, primary);
  const say = (verdict: Verdict, reason: string): Opinion => ({ verdict, writable, reason });
  if (gate === 'unknown') return say('UNKNOWN', `${look}, Prometheus does not know`);
  if (look === 'ready') {
    if (gate === 'no') return say('UNKNOWN', 'ready, but Prometheus says it is not');
    return say('HEALTHY', 'ready, with the nonce');
  }
  if (look !== 'dead') return say('UNKNOWN', WORDS[look]);
  if (gate === 'yes') return say('UNKNOWN', 'dead from here, but Prometheus says it is healthy');
  if (primary === 'yes') return say('UNKNOWN', 'takes no connections, but its primary is alive');
  return say('UNHEALTHY', 'takes no connections');
}

const WORDS = {
  answers: 'answers, but is not ready',
  slow: 'takes connections, but is slow to answer',
  unknown: 'could not be looked at',
} as const;

function writableBy(look: Look, primary: Testimony): boolean | null {
  // Readiness writes and commits, so where no Patroni is asked it is the proof.
  if (primary === 'unasked') return look === 'ready' ? true : null;
  if (primary === 'unknown') return null;
  return primary === 'yes';
}

/**
 * What an observer may say after it looked at every site: one that met nobody anywhere has probably
 * lost its own network, and knows nothing.
 */
export function demandContact(
  found: ReadonlyMap<string, { readonly look: Look; readonly opinion: Opinion }>,
): ReadonlyMap<string, Opinion> {
  const met = [...found.values()].some(({ look }) => look !== 'dead' && look !== 'unknown');
  return new Map(
    [...found].map(([site, { opinion }]) => [
      site,
      met ? opinion : { verdict: 'UNKNOWN', writable: null, reason: 'this observer meets no site' },
    ]),
  );
}

/** How many must agree: more than half of the observers that there are, heard or not. */
export function majority(observers: number): number {
  return Math.floor(observers / 2) + 1;
}

/** When observers together say something. */
export interface Quorum {
  /** How many observers must agree, {@link majority} at least. */
  readonly observers: number;
  /** For how many looks in a row each of them must have said it. */
  readonly windows: number;
}

/** What the observers together say of one site. */
export interface Consensus {
  readonly site: string;
  readonly verdict: Verdict;
  /** A quorum says so and nobody contradicts. */
  readonly writable: boolean;
  /** The shortest run of looks among the quorum that is most certain; 0 without one. */
  readonly windows: number;
  readonly votes: Readonly<Record<Verdict, number>>;
}

/**
 * What the observers together say.
 *
 * @param heard only observations that are fresh; an observer that is missing says UNKNOWN
 */
export function consensusOf(
  site: string,
  heard: readonly Observation[],
  quorum: Quorum,
): Consensus {
  const votes = { HEALTHY: 0, UNHEALTHY: 0, UNKNOWN: 0 };
  for (const { verdict } of heard) votes[verdict] += 1;
  const yes = heard.filter(({ writable }) => writable === true).length;
  const no = heard.filter(({ writable }) => writable === false).length;
  const runs = { HEALTHY: run('HEALTHY'), UNHEALTHY: run('UNHEALTHY') };
  const verdict = (['UNHEALTHY', 'HEALTHY'] as const).find((v) => runs[v] >= quorum.windows);
  return {
    site,
    verdict: verdict ?? 'UNKNOWN',
    writable: yes >= quorum.observers && no === 0,
    windows: verdict ? runs[verdict] : 0,
    votes,
  };

  /** The streak that a whole quorum has at least. */
  function run(wanted: Verdict): number {
    const streaks = heard.filter(({ verdict }) => verdict === wanted).map(({ streak }) => streak);
    return streaks.sort((a, b) => b - a)[quorum.observers - 1] ?? 0;
  }
}

/** All that a decider knows when it decides. */
export interface Situation {
  /** The site that the name points to at every authoritative server; null when they do not agree. */
  readonly active: string | null;
  /** Every site, the most wanted first. */
  readonly sites: readonly Consensus[];
  /** The kill switch. */
  readonly frozen: boolean;
  /** Whether this decider's epoch is published, so that no earlier decider can still write. */
  readonly fenced: boolean;
  /** Whether the provider failed a moment ago and is not asked again yet. */
  readonly resting: boolean;
  /** Whether the last flip is too recent. */
  readonly heldDown: boolean;
  readonly flipsLastHour: number;
}

/** Bounds of what deciders may do. */
export interface Limits {
  readonly flipsPerHour: number;
  /** Looks in a row for which a preferred site must be healthy before the name goes back by itself; null: never. */
  readonly riseWindows: number | null;
}

export type Decision =
  | { readonly action: 'stay'; readonly reason: string }
  | {
      readonly action: 'flip';
      readonly from: string;
      readonly to: string;
      readonly reason: string;
    };

/** Whether the name moves. Each doubt is a reason to stay. */
export function decide(situation: Situation, limits: Limits): Decision {
  const { active, sites } = situation;
  if (active === null) return stay('the authoritative servers do not agree on a known site');
  const current = sites.find(({ site }) => site === active);
  if (!current) return stay(`the name points to ${active}, which is no site`);
  const wanted =
    current.verdict === 'UNHEALTHY' ? leave(current, sites) : goBack(situation, limits);
  if (wanted.action === 'stay') return wanted;
  const obstacle = obstacleOf(situation, limits);
  return obstacle ? stay(`${wanted.reason}; but ${obstacle}`) : wanted;
}

function leave(current: Consensus, sites: readonly Consensus[]): Decision {
  const count = `${current.votes.UNHEALTHY} observers say ${current.site} is dead`;
  const to = sites.find((each) => each.site !== current.site && isFit(each));
  if (!to) return stay(`${count}; but no other site is healthy and writable`);
  const reason = `${count}, ${to.site} is healthy and writable`;
  return { action: 'flip', from: current.site, to: to.site, reason };
}

function goBack({ active, sites }: Situation, { riseWindows }: Limits): Decision {
  const [preferred] = sites;
  const current = sites.find(({ site }) => site === active);
  if (!preferred || !current || preferred.site === active) return stay('all is well');
  if (riseWindows === null) return stay(`${active} is in use; going back is done by hand`);
  if (!isFit(preferred) || preferred.windows < riseWindows) {
    return stay(`${preferred.site} is not back for long enough`);
  }
  const reason = `${preferred.site} is healthy and writable again`;
  return { action: 'flip', from: current.site, to: preferred.site, reason };
}

function obstacleOf(situation: Situation, limits: Limits): string | null {
  if (situation.frozen) return 'the kill switch is on';
  if (situation.heldDown) return 'the last flip is too recent';
  if (situation.flipsLastHour >= limits.flipsPerHour) {
    return `it moved ${situation.flipsLastHour} times within the hour`;
  }
  if (situation.resting) return 'the provider fails, and is not asked again yet';
  return situation.fenced ? null : 'earlier deciders are not fenced off yet';
}

function isFit({ verdict, writable }: Consensus): boolean {
  return verdict === 'HEALTHY' && writable;
}

function stay(reason: string): Decision {
  return { action: 'stay', reason };
}

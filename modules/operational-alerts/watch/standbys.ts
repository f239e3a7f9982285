/** A standby as the primary sees it; what it may not be told is null. */
export interface Standby {
  readonly name: string;
  readonly state: string | null;
  readonly lagSeconds: number | null;
  readonly lagBytes: number | null;
}

export interface Expected {
  /** `synchronous_standby_names` of the primary. */
  readonly names: string;
  /** How many must follow, whoever they are. */
  readonly atLeast: number;
  readonly lagSeconds: number;
}

/** What is wrong with one standby, or with their number. */
export interface Degradation {
  /** The standby's name, or `standbys` for their number. */
  readonly key: string;
  readonly reason: string;
}

/** What is wrong with the standbys; empty when nothing is. */
export function degradations(standbys: readonly Standby[], expected: Expected): Degradation[] {
  // A state that may not be seen is taken for good: the connection at least is there.
  const following = standbys.filter(({ state }) => state === null || state === 'streaming');
  const { names, any } = waitedFor(expected.names);
  const missing = names
    .filter((name) => !following.some((standby) => isCalled(standby, name)))
    .map((name) => ({ key: name, reason: 'the database waits for it, and it does not follow' }));
  const wanted = Math.max(any, expected.atLeast);
  const few =
    following.length < wanted
      ? [{ key: 'standbys', reason: `${following.length} of ${wanted} follow` }]
      : [];
  const late = following
    .filter(({ lagSeconds, lagBytes }) => lagBytes !== 0 && (lagSeconds ?? 0) > expected.lagSeconds)
    .map(({ name, lagSeconds }) => ({
      key: name,
      reason: `it is ${Math.round(lagSeconds ?? 0)} s behind`,
    }));
  return [...missing, ...few, ...late];
}

/** Names compare as PostgreSQL's do there: without regard to case. */
function isCalled({ name }: Standby, wanted: string): boolean {
  return name.toLowerCase() === wanted.toLowerCase();
}

/** `2 (a, b)`, `ANY 1 (a, b)`, `FIRST 1 (a, b)`, `a, b` or `*`: who is named, or how many of anybody. */
function waitedFor(setting: string): { names: string[]; any: number } {
  const [, number, inside] = /^\s*(?:(?:ANY|FIRST)\s+)?(\d+)\s*\((.*)\)\s*$/i.exec(setting) ?? [];
  const names = (inside ?? setting)
    .split(',')
    .map((name) =>
      name
        .trim()
        .replace(/^"(.*)"$/, '$1')
        .replaceAll('""', '"'),
    )
    .filter((name) => name !== '');
  const isAnybody = names.includes('*');
  return isAnybody ? { names: [], any: Number(number ?? 1) } : { names, any: 0 };
}

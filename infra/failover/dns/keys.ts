/** Where the failover keeps what it knows in etcd. */
export interface Keys {
  readonly all: string;
  readonly leader: string;
  /** The kill switch: while it exists, nobody writes. */
  readonly frozen: string;
  /** Exists for the hold-down after a flip; etcd counts the time, no host's clock does. */
  readonly holdDown: string;
  /** The last decision, and what became of it. */
  readonly decision: string;
  /** One for each flip of the last hour, by the epoch that it was made over. */
  readonly flips: string;
  /** The last audit line. */
  readonly lastChange: string;
  /** How the provider fails the one that leads; it goes with the lead, and with the first success. */
  readonly trouble: string;
  readonly observation: (observer: string, site: string) => string;
  readonly flip: (overEpoch: number) => string;
}

export function keysOf(prefix: string): Keys {
  const all = `${prefix}/`;
  return {
    all,
    leader: `${all}leader`,
    frozen: `${all}frozen`,
    holdDown: `${all}hold-down`,
    decision: `${all}decision`,
    flips: `${all}flips/`,
    lastChange: `${all}last-change`,
    trouble: `${all}trouble`,
    observation: (observer, site) => `${all}observations/${observer}/${site}`,
    flip: (overEpoch) => `${all}flips/${overEpoch}`,
  };
}

/** A line of the client's ledger. */
export interface Charge {
  readonly at: number;
  readonly key: string;
  readonly status: number;
  readonly id?: string;
  readonly code?: string;
  /** The address that the shop's name led to. */
  readonly via?: string;
}

/** A write that a server acknowledged directly. */
export interface Probe {
  readonly id: number;
  readonly name: string;
  readonly at: number;
}

/** What the database holds against what the client was told. */
export interface Balance {
  readonly acknowledged: number;
  /** Acknowledged and not there. */
  readonly lost: number;
  /** There and never acknowledged, although every charge was asked until it was. */
  readonly doubled: number;
  /** Answers that a charge must never get. */
  readonly refused: readonly string[];
}

/** The client's ledger and the leader's tables, read while nothing was under way. */
export class Books {
  constructor(
    /** When they were read. */
    readonly at: number,
    private readonly charges: readonly Charge[],
    private readonly stored: ReadonlySet<string>,
    private readonly probes: readonly Probe[],
    private readonly storedProbes: ReadonlySet<number>,
  ) {}

  /** @param upTo of what was acknowledged until this instant: what is lost; doubled is doubled whenever */
  balance(upTo = Infinity): Balance {
    const acknowledged = this.charges.flatMap(({ status, id, at }) =>
      status === 201 && id ? [{ id, at }] : [],
    );
    const told = new Set(acknowledged.map(({ id }) => id));
    const early = acknowledged.filter(({ at }) => at <= upTo);
    const lost = new Set(early.filter(({ id }) => !this.stored.has(id)).map(({ id }) => id));
    const probes = this.probes.filter(({ id, at }) => at <= upTo && !this.storedProbes.has(id));
    return {
      acknowledged: new Set(early.map(({ id }) => id)).size,
      lost: lost.size + probes.length,
      doubled: [...this.stored].filter((id) => !told.has(id)).length + acknowledged.length - told.size, // prettier-ignore
      refused: [...new Set(this.charges.flatMap(({ status, code }) => (isRefusal(status) ? [`${status} ${code}`] : [])))], // prettier-ignore
    };
  }
}

/** Whether nobody but a client that asks what it may not gets this; there is none. */
function isRefusal(status: number): boolean {
  return status >= 400 && status < 500 && ![408, 409, 429].includes(status);
}

const WINDOW_MS = 60_000;
/** Networks that are told apart in one window; all further ones share one allowance. */
const MAX_NETWORKS = 50_000;
const REST = '(rest)';

/**
 * How many reports are read in a minute: of one network, and of all together. It counts reports and
 * not requests, which hold hundreds; in fixed windows, in the memory of this process.
 */
export class Allowance {
  private spent = new Map<string, number>();
  private total = 0;
  private endsAt = 0;

  constructor(
    private readonly ofNetwork: number,
    private readonly ofAll: number,
  ) {}

  /** Spends as many as are left. @returns how many of those wanted may be read */
  spend(network: string, wanted: number, nowMs: number): number {
    if (nowMs >= this.endsAt || nowMs < this.endsAt - WINDOW_MS) this.begin(nowMs);
    const isKnown = this.spent.size < MAX_NETWORKS || this.spent.has(network);
    const key = isKnown ? network : REST;
    const spent = this.spent.get(key) ?? 0;
    const left = Math.min(this.ofNetwork - spent, this.ofAll - this.total);
    const granted = Math.max(0, Math.min(left, wanted));
    this.spent.set(key, spent + granted);
    this.total += granted;
    return granted;
  }

  private begin(nowMs: number): void {
    this.spent = new Map();
    this.total = 0;
    this.endsAt = nowMs + WINDOW_MS;
  }
}

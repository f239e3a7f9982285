import type { Suppression } from './denial.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** What is recorded one by one, by each process. Beyond it denials are only counted. */
export const CAPS = { sourcePerMinute: 10, perMinute: 60, perHour: 600 } as const;

/** Denials that share a cap, and the count of those that it held back in the present minute. */
export class DenialPool {
  private minute = 0;
  private hour = 0;
  private recordedInMinute = 0;
  private recordedInHour = 0;
  /** Recorded in this minute, by source: never more sources than are recorded at all. */
  private readonly sources = new Map<string, number>();
  private heldBack = new Map<string, number>();

  constructor(private readonly companyId: string | null) {}

  /** Whether one more of this source is recorded; if not, it is counted under its code. */
  admits(source: string, code: string, now: number): boolean {
    this.begin(now);
    const ofSource = this.sources.get(source) ?? 0;
    const isFull =
      ofSource >= CAPS.sourcePerMinute ||
      this.recordedInMinute >= CAPS.perMinute ||
      this.recordedInHour >= CAPS.perHour;
    if (isFull) {
      this.heldBack.set(code, (this.heldBack.get(code) ?? 0) + 1);
      return false;
    }
    this.sources.set(source, ofSource + 1);
    this.recordedInMinute += 1;
    this.recordedInHour += 1;
    return true;
  }

  /** What was held back in the present minute once it is over at `now`, or null; told once. */
  ended(now: number): Suppression | null {
    const until = (this.minute + 1) * MINUTE_MS;
    if (this.heldBack.size === 0 || now < until) return null;
    const codes = Object.fromEntries(this.heldBack);
    this.heldBack = new Map();
    return {
      companyId: this.companyId,
      from: new Date(until - MINUTE_MS),
      until: new Date(until),
      count: Object.values(codes).reduce((sum, count) => sum + count, 0),
      codes,
    };
  }

  private begin(now: number): void {
    const minute = Math.floor(now / MINUTE_MS);
    if (minute === this.minute) return;
    this.minute = minute;
    this.recordedInMinute = 0;
    this.sources.clear();
    const hour = Math.floor(now / HOUR_MS);
    if (hour === this.hour) return;
    this.hour = hour;
    this.recordedInHour = 0;
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { NotTaken } from './sii-adapter.js';

const FAILURES = 5;
const REST_MS = 60_000;

/**
 * Stands before a partner: so many calls a minute, and none for a while after several failures in
 * a row (a circuit breaker). Of this process only: it spares the partner, and proves nothing.
 */
export class Gate {
  private failures = 0;
  private restsUntil = 0;
  private nextAt = 0;

  constructor(private readonly perMinute: number) {}

  /** @throws NotTaken while it rests */
  async pass<T>(call: () => Promise<T>): Promise<T> {
    const now = Date.now();
    if (now < this.restsUntil) throw new NotTaken('the partner failed too often; calls rest');
    const at = Math.max(now, this.nextAt);
    this.nextAt = at + 60_000 / this.perMinute;
    if (at > now) await sleep(at - now);
    try {
      const answer = await call();
      this.failures = 0;
      return answer;
    } catch (error) {
      this.failures += 1;
      if (this.failures >= FAILURES) {
        this.failures = 0;
        this.restsUntil = Date.now() + REST_MS;
      }
      throw error;
    }
  }
}

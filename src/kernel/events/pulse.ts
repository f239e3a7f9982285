import { Injectable } from '@nestjs/common';

/** Whether the worker's loop of this process goes round. Monotonic: no clock that is set back hides it. */
@Injectable()
export class Pulse {
  private lastBeatMs: number | null = null;

  /** The loop is alive: it went round, or ended one delivery of a batch. */
  beat(): void {
    this.lastBeatMs = performance.now();
  }

  /** No worker runs here any more. */
  rest(): void {
    this.lastBeatMs = null;
  }

  /** Seconds since the last beat; null in a process that runs no worker. */
  get silentSeconds(): number | null {
    return this.lastBeatMs === null ? null : (performance.now() - this.lastBeatMs) / 1_000;
  }
}

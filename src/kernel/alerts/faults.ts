import { Injectable } from '@nestjs/common';

/** A request that was answered 500: a fault of the house's own. */
export interface ServerError {
  readonly at: Date;
  readonly method: string;
  /** The route's template, never the address itself, which may hold anything. */
  readonly route: string;
  readonly requestId: string;
  readonly error: unknown;
}

/** Who wants to know of faults. It is called in the middle of an answer: it must not wait or throw. */
export interface FaultWatcher {
  serverError?(fault: ServerError): void;
  /** The database could not be reached, or went away: a suspicion, which one lost connection raises. */
  databaseLost?(error: unknown): void;
}

/**
 * Faults of this process as they happen, for an addon that counts them. They are told in memory and
 * not as events: while they happen there may be no database to store an event in.
 */
@Injectable()
export class Faults {
  private watchers: readonly FaultWatcher[] = [];

  /** Watches until the returned function is called. */
  watch(watcher: FaultWatcher): () => void {
    this.watchers = [...this.watchers, watcher];
    return () => {
      this.watchers = this.watchers.filter((each) => each !== watcher);
    };
  }

  serverError(fault: ServerError): void {
    for (const watcher of this.watchers) watcher.serverError?.(fault);
  }

  databaseLost(error: unknown): void {
    for (const watcher of this.watchers) watcher.databaseLost?.(error);
  }
}

/** Something of Vault that ends unless it is renewed. Both give the seconds that it has from now on. */
export interface Renewable {
  renew(): Promise<number>;
  /** Takes another one, where this one can be prolonged no more, or no longer is. */
  replace(): Promise<number>;
}

/** Does something later. */
export interface Timer {
  /** @returns what calls it off */
  after(ms: number, work: () => void): () => void;
}

/** How much of its time may pass before it is renewed, as the agents of Vault do it. */
const RENEW_AT = 2 / 3;
/** So long until it is tried again after a failure: a part of its time, within bounds. */
/** Node's timers fire at once when they are told a longer time: 24 days and some. */
const LONGEST_WAIT_SECONDS = 20 * 86_400;
const AGAIN = { part: 1 / 12, leastSeconds: 1, mostSeconds: 30 };

const realTimer: Timer = {
  after(ms, work) {
    const timer = setTimeout(work, ms).unref();
    return () => clearTimeout(timer);
  },
};

/**
 * Renews at two thirds of its time. What renewing no longer gives its whole time is near its end for
 * good and is replaced at once, while at least a third of its time is left.
 *
 * @param seconds that it has now; 0 is for ever
 * @param heard called after every failure, and with null when all is well again
 * @returns what ends the renewing; the thing itself stays
 */
export function keepAlive(
  thing: Renewable,
  seconds: number,
  { timer = realTimer, heard = () => undefined }: KeepOptions = {},
): () => void {
  let whole = seconds;
  let isOver = false;
  let callOff = (): void => undefined;
  const plan = (waitSeconds: number): void => {
    const seconds = Math.min(waitSeconds, LONGEST_WAIT_SECONDS);
    if (!isOver) callOff = timer.after(seconds * 1_000, () => void turn());
  };
  const turn = async (): Promise<void> => {
    try {
      const renewed = await thing.renew().catch(() => null);
      if (isOver) return;
      if (renewed === null || renewed < whole) whole = await thing.replace();
      heard(null);
      plan(whole * RENEW_AT);
    } catch (error) {
      heard(error);
      plan(Math.max(AGAIN.leastSeconds, Math.min(AGAIN.mostSeconds, whole * AGAIN.part)));
    }
  };
  if (seconds > 0) plan(seconds * RENEW_AT);
  return () => {
    isOver = true;
    callOff();
  };
}

interface KeepOptions {
  readonly timer?: Timer;
  readonly heard?: (error: unknown) => void;
}

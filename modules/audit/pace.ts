const EVERY_MS = 1_000;

/**
 * Tells on standard error, at most once a second, how far long work over events is, how fast, and for how long yet.
 *
 * @param clock milliseconds that only grow
 * @returns takes the events so far, words for where it is, and which part of the whole is done, where that is known
 */
export function pace(
  what: string,
  write: (line: string) => void = (line) => void process.stderr.write(`${line}\n`),
  clock: () => number = () => performance.now(),
): (events: number, words: string, part?: number) => void {
  const begun = clock();
  let told = begun;
  return (events, words, part = 0) => {
    const now = clock();
    if (now - told < EVERY_MS) return;
    told = now;
    const seconds = (now - begun) / 1_000;
    const rate = Math.round(events / seconds);
    const left = part > 0 ? `, about ${Math.ceil((seconds * (1 - part)) / part)} s left` : '';
    write(`${what}: ${words}, ${events} events, ${rate} a second${left}`);
  };
}

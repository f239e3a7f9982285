const IMPATIENT_AFTER_MS = 1_500;
/** Longer than a statement may run, twice, and shorter than the 90 s that systemd waits. */
const END_LIMIT_MS = 75_000;

/**
 * Runs `stop` once when the process is asked to end (SIGTERM, Ctrl-C) or when the npm that
 * started it is gone. A second signal ends at once, but not before a moment has passed: on
 * Ctrl-C the terminal signals npm and this process, and npm passes its own on.
 *
 * @param extraMs how long `stop` waits on purpose, beside the time that it is given anyway
 */
export function onEnd(stop: () => Promise<void>, extraMs = 0): void {
  let endingSince: number | null = null;
  const end = (): void => {
    if (endingSince !== null) {
      if (Date.now() - endingSince > IMPATIENT_AFTER_MS) process.exit(130);
      return;
    }
    endingSince = Date.now();
    setTimeout(
      () => fail(new Error('OFITEC did not end in time and was cut off.')),
      END_LIMIT_MS + extraMs,
    ).unref();
    stop().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  process.on('SIGHUP', end);
  if (!process.env['npm_lifecycle_event']) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    end();
  }, 500);
  watch.unref();
}

/** Ends the process with a message for a person instead of a stack. */
export function fail(error: unknown, exitCode = 1): never {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(exitCode);
}

/** @throws Error when the runtime is older than the one the house is built for */
export function demandNode(): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 24 || (major === 24 && minor >= 11)) return;
  throw new Error(
    `OFITEC needs Node 24.11 or newer and runs on ${process.versions.node}. Start it with "npm start", which brings its own.`,
  );
}

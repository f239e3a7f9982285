/**
 * Runs `stop` once when the process is asked to end (SIGTERM, Ctrl-C) or when the npm that
 * started it is gone; a second signal ends at once.
 */
export function onEnd(stop: () => Promise<void>): void {
  let ending = false;
  const end = (code: number): void => {
    if (ending) process.exit(130);
    ending = true;
    stop().then(
      () => process.exit(code),
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => end(0));
  process.on('SIGINT', () => end(0));
  if (process.env['npm_lifecycle_event']) {
    const parent = process.ppid;
    setInterval(() => process.ppid !== parent && end(0), 500).unref();
  }
}

/** Ends the process with a message for a person instead of a stack. */
export function fail(error: unknown): never {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

/** @throws Error when the runtime is older than the one the house is built for */
export function demandNode(): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 24 || (major === 24 && minor >= 11)) return;
  throw new Error(
    `OFITEC needs Node 24.11 or newer and runs on ${process.versions.node}. Start it with "npm start", which brings its own.`,
  );
}

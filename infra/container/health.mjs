// Whether the process of this container lives: a lost database is no reason to start it anew.
const { METRICS_BIND, PORT = '3000' } = process.env;
const port = process.argv[2] === 'watch' ? METRICS_BIND?.split(':').pop() : PORT;
try {
  const answer = await fetch(`http://127.0.0.1:${port}/health/live`, {
    signal: AbortSignal.timeout(4_000),
  });
  process.exitCode = answer.status === 200 ? 0 : 1;
} catch {
  process.exitCode = 1;
}

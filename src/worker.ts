import { Readiness, WatchPort, Worker } from '#kernel';
import { createContextApplication, readBlueprint, tellAbsent } from './bootstrap.js';
import { demandNode, fail, onEnd } from './lifetime.js';
import { findPlace, settledIn } from './place.js';

/** The application without HTTP: deliveries and schedules, beside `OFITEC_WORKER=separate` servers. */
async function main(): Promise<void> {
  demandNode();
  const blueprint = await readBlueprint(process.env);
  const place = await findPlace(blueprint.kernel, 'join', () => {});
  const app = await createContextApplication(settledIn(place, blueprint), place.urls);
  tellAbsent(app);
  const worker = app.get(Worker);
  await worker.start(place.urls.application);
  const { METRICS_BIND } = blueprint.kernel;
  const watchPort = METRICS_BIND ? await WatchPort.open(app, METRICS_BIND) : null;
  onEnd(async () => {
    app.get(Readiness).drain();
    await worker.stop();
    await app.close();
    await watchPort?.close();
    await place.leave();
  });
  process.stdout.write('OFITEC worker: deliveries and schedules run\n');
  if (watchPort) process.stdout.write(`Watch   ${watchPort.url}/metrics\n`);
  // Timers of the worker may rest; the process lives until it is asked to end.
  setInterval(() => undefined, 60_000);
}

main().catch(fail);

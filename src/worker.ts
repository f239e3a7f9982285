import { Worker } from '#kernel';
import { createContextApplication, readBlueprint } from './bootstrap.js';
import { demandNode, fail, onEnd } from './lifetime.js';
import { findPlace, settledIn } from './place.js';

/** The application without HTTP: deliveries and schedules, beside `OFITEC_WORKER=separate` servers. */
async function main(): Promise<void> {
  demandNode();
  const blueprint = await readBlueprint(process.env);
  const place = await findPlace(blueprint.kernel, 'join', () => {});
  const app = await createContextApplication(settledIn(place, blueprint), place.urls);
  const worker = app.get(Worker);
  await worker.start(place.urls.application);
  onEnd(async () => {
    await worker.stop();
    await app.close();
    await place.leave();
  });
  process.stdout.write('OFITEC worker: deliveries and schedules run\n');
  // Timers of the worker may rest; the process lives until it is asked to end.
  setInterval(() => undefined, 60_000);
}

main().catch(fail);

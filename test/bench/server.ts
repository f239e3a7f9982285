// The process that the benchmarks load: the house as it ships, or with a part of it taken out.
import { Events, Faults, ThrottleGuard, Worker } from '#kernel';
import { Watch } from '../../src/kernel/watch/watch.js';
import { takeTurns } from './turns.js';
import { createHttpApplication, readBlueprint } from '../../src/bootstrap.js';

const url = process.env['DATABASE_URL'] ?? '';
const { app } = await createHttpApplication(await readBlueprint(process.env), {
  application: url,
  owner: url,
});
if (process.env['BENCH_EVENTS'] === 'off') {
  app.get(Events).publish = async () => {};
}
if (process.env['BENCH_THROTTLE'] === 'off') {
  app.get(ThrottleGuard).canActivate = () => Promise.resolve(true);
}
if (process.env['BENCH_WATCH'] === 'turns') takeTurns(app.getHttpServer(), switchWatching());
if (process.env['BENCH_WORKER'] === 'on') await app.get(Worker).start(url);
await app.listen(0, '127.0.0.1');
const address = app.getHttpServer().address();
process.stdout.write(`ready ${typeof address === 'object' && address ? address.port : 0}\n`);

/** Requests and transactions are neither counted nor timed while it is off, and no error is captured. */
function switchWatching(): (isOn: boolean) => void {
  let isWatching = true;
  const watch = app.get(Watch);
  const faults = app.get(Faults);
  const meters = Reflect.get(watch, 'meters') as unknown;
  const begin = Reflect.get(watch, 'begin') as (request: unknown, reply: unknown) => void;
  const capture = faults.serverError.bind(faults);
  Object.defineProperties(watch, {
    meters: { get: () => (isWatching ? meters : null) },
    begin: {
      value: (request: unknown, reply: unknown) => isWatching && begin.call(watch, request, reply),
    },
  });
  faults.serverError = (fault) => void (isWatching && capture(fault));
  return (isOn) => void (isWatching = isOn);
}

// The process that the benchmarks load: the house as it ships, or with a part of it taken out.
import { Events, ThrottleGuard, Worker } from '#kernel';
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
if (process.env['BENCH_WORKER'] === 'on') await app.get(Worker).start(url);
await app.listen(0, '127.0.0.1');
const address = app.getHttpServer().address();
process.stdout.write(`ready ${typeof address === 'object' && address ? address.port : 0}\n`);

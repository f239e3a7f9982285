import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplicationContext } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { drainDelayMs, Readiness, WatchPort, Worker } from '#kernel';
import { createHttpApplication, migrate, readBlueprint, tellAbsent } from './bootstrap.js';
import type { Blueprint } from './bootstrap.js';
import { createDemo } from './demo.js';
import { demandNode, fail, onEnd } from './lifetime.js';
import { findPlace, settledIn } from './place.js';
import type { Place } from './place.js';

const report = (line: string): void => void process.stdout.write(`· ${line}\n`);

async function main(): Promise<void> {
  demandNode();
  const blueprint = await readBlueprint(process.env);
  const place = await findPlace(blueprint.kernel, 'own', report);
  try {
    await serve(blueprint, place);
  } catch (error) {
    await place.leave();
    throw error;
  }
}

async function serve(blueprint: Blueprint, place: Place): Promise<void> {
  const { kernel, available } = blueprint;
  if (place.embedded) {
    const applied = await migrate(place.urls.owner, available, report, kernel.OFITEC_RELEASE);
    report(applied > 0 ? `Database migrated: ${applied} steps` : 'Database is up to date');
  }
  report('Composing the addons');
  const { app } = await createHttpApplication(settledIn(place, blueprint), place.urls);
  tellAbsent(app);
  const password = place.embedded?.home.demoPassword(kernel.OFITEC_DEMO_PASSWORD);
  const isNew = password ? await createDemo(app, password) : false;
  const worker = kernel.OFITEC_WORKER === 'inline' ? await startWorker(app, place) : null;
  const { METRICS_BIND } = kernel;
  const watchPort = METRICS_BIND ? await WatchPort.open(app, METRICS_BIND) : null;
  // Balancers are told first and find somebody else; then no more connections are taken and what is
  // in flight finishes; the worker, which still delivers what that published, ends after it.
  onEnd(async () => {
    await drain(app, drainDelayMs(kernel));
    await app.getHttpAdapter().close();
    report('HTTP has ended');
    await worker?.stop();
    if (worker) report('The worker has ended');
    await app.close();
    await watchPort?.close();
    await place.leave();
  }, drainDelayMs(kernel));
  const host = kernel.HOST ?? (kernel.NODE_ENV === 'production' ? '0.0.0.0' : '127.0.0.1');
  await app.listen(kernel.PORT, host);
  announce(app, place, isNew ? password : undefined);
  if (watchPort) process.stdout.write(`Watch   ${watchPort.url}/metrics\n`);
}

async function drain(app: INestApplicationContext, delayMs: number): Promise<void> {
  app.get(Readiness).drain();
  report(`Not ready any more; takes requests for ${delayMs / 1_000} s`);
  await sleep(delayMs);
}

async function startWorker(app: INestApplicationContext, place: Place): Promise<Worker> {
  const worker = app.get(Worker);
  await worker.start(place.urls.application);
  return worker;
}

function announce(app: NestFastifyApplication, place: Place, newPassword?: string): void {
  const address = app.getHttpServer().address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const lines = ['', `OFITEC  http://localhost:${port}`, `Docs    http://localhost:${port}/docs`];
  if (place.embedded) {
    lines.push('Users   admin, encargada, vendedora, vendedora.norte, contador');
    lines.push(
      newPassword
        ? `Password of all of them: ${newPassword}  (kept in ${place.embedded.home.path}/demo-password.json)`
        : `Their password is in ${place.embedded.home.path}/demo-password.json`,
    );
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

main().catch(fail);

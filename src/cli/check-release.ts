import {
  createDataSource,
  inDependencyOrder,
  kernelAddon,
  otherReleases,
  pendingSteps,
  readInstalled,
} from '#kernel';
import type { PendingStep } from '#kernel';
import { readBlueprint } from '../bootstrap.js';
import { applicationUrl } from '../place.js';
import { print } from './print.js';

/**
 * `ofitec release check`: whether what this code would migrate lets an older release go on serving. Exit 1
 * when a migration is marked wrong (or nothing could be asked), 2 when one contracts and other releases are
 * still connected.
 */
export async function checkRelease(json: boolean): Promise<void> {
  const { kernel, available } = await readBlueprint({ LOG_LEVEL: 'warn', ...process.env });
  const dataSource = createDataSource({
    ...{ url: await applicationUrl(kernel), entities: [], poolSize: 1 },
    applicationName: 'ofitec release check',
  });
  await dataSource.initialize();
  try {
    const query = <R>(sql: string, parameters?: unknown[]): Promise<R[]> =>
      dataSource.query<R[]>(sql, parameters);
    const installed = (await readInstalled(query)) ?? [];
    const names = installed.map(({ name }) => name);
    // What is installed came to need others: they are migrated with it, as `ofitec migrate` does.
    const wanted = inDependencyOrder(available.filter(({ name }) => names.includes(name)));
    const addons = [kernelAddon, ...wanted];
    const steps = installed.length === 0 ? [] : await pendingSteps(query, addons);
    const others = await otherReleases(query, kernel.OFITEC_RELEASE);
    const wrong = steps.filter(
      ({ phase, contracting }) => phase === 'expand' && contracting.length,
    );
    const contracts = steps.filter(({ phase }) => phase === 'contract');
    const pending = steps.map((step) => ({ ...step, verdict: verdictOn(step, others) }));
    print({ release: kernel.OFITEC_RELEASE, others, pending }, json);
    if (wrong.length > 0) process.exitCode = 1;
    else if (contracts.length > 0 && others.length > 0) process.exitCode = 2;
  } finally {
    await dataSource.destroy();
  }
}

function verdictOn({ phase, contracting }: PendingStep, others: readonly string[]): string {
  if (phase === 'expand') {
    return contracting.length > 0
      ? 'marked wrong: it contracts and must say phase = contract'
      : 'may run while the older release serves';
  }
  return others.length > 0 ? `waits until nobody runs ${others.join(', ')}` : 'may run now';
}

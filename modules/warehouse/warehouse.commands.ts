import type { INestApplicationContext } from '@nestjs/common';
import { runAsHouse } from '#kernel';
import type { CommandDefinition } from '#kernel';
import { inWords } from './load/differences.js';
import { LoadService } from './load/load.service.js';
import { VerifyWarehouseService } from './load/verify.service.js';

/** At most so many differences are printed; the number of all of them is. */
const MOST_PRINTED = 50;

const load: CommandDefinition = {
  name: 'load',
  summary: 'load what happened since the last load, in every company; again changes nothing',
  options: {},
  async run(app) {
    const totals = { companies: 0, events: 0, rows: 0 };
    await inEveryCompany(app, 'load', async (companyId) => {
      const told = teller(companyId);
      const done = await app
        .get(LoadService, { strict: false })
        .load(({ events, rows }) => told(`${events} events, ${rows} rows`));
      totals.companies += 1;
      totals.events += done.events;
      totals.rows += done.rows;
    });
    return totals;
  },
};

const verify: CommandDefinition = {
  name: 'verify',
  summary:
    'compare the warehouse with the books, in every company; fails on a difference of a peso',
  options: {},
  async run(app) {
    const totals = { companies: 0, figures: 0, differences: 0 };
    const faults: string[] = [];
    await inEveryCompany(app, 'verify', async (companyId) => {
      const found = await app.get(VerifyWarehouseService, { strict: false }).verify();
      totals.companies += 1;
      totals.figures += found.figures;
      totals.differences += found.differences.length;
      if (found.differences.length === 0) return;
      const words = found.differences.slice(0, MOST_PRINTED).map((each) => `  ${inWords(each)}`);
      faults.push(`company ${companyId}: ${found.differences.length} differences`, ...words);
    });
    if (faults.length > 0) {
      throw new Error(['The warehouse does not agree with the books:', ...faults].join('\n'));
    }
    return totals;
  },
};

export const warehouseCommands: readonly CommandDefinition[] = [load, verify];

async function inEveryCompany(
  app: INestApplicationContext,
  verb: string,
  work: (companyId: string) => Promise<void>,
): Promise<void> {
  for (const id of await app.get(LoadService, { strict: false }).companies()) {
    await runAsHouse(id, `ofitec warehouse ${verb}`, () => work(id));
  }
}

/** Says how far work is on standard error, at most once a second. */
function teller(companyId: string): (words: string) => void {
  let told = performance.now();
  return (words) => {
    if (performance.now() - told < 1_000) return;
    told = performance.now();
    process.stderr.write(`company ${companyId}: ${words}\n`);
  };
}

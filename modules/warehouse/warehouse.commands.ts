import type { INestApplicationContext } from '@nestjs/common';
import { runAsHouse } from '#kernel';
import type { CommandDefinition } from '#kernel';
import { ExportService } from './export/export.service.js';
import { inWords } from './load/differences.js';
import { LoadService } from './load/load.service.js';
import { RebuildService } from './load/rebuild.service.js';
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

const rebuild: CommandDefinition = {
  name: 'rebuild',
  summary:
    'make the warehouse anew of the whole event log beside the one that is read, then swap them',
  options: {
    '--accept-loss':
      'swap also when the log does not hold any more what the warehouse knows, and forget that',
  },
  async run(app, options) {
    const totals = { companies: 0, events: 0, rows: 0, differences: 0 };
    const tables: Record<string, number> = {};
    await inEveryCompany(app, 'rebuild', async (companyId) => {
      const told = teller(companyId);
      const rebuilder = app.get(RebuildService, { strict: false });
      const done = await rebuilder.rebuild({
        acceptLoss: options['accept-loss'] !== undefined,
        progress: (words) => told(words),
      });
      totals.companies += 1;
      totals.events += done.events;
      totals.rows += done.rows;
      for (const { table, count } of done.differences) {
        tables[table] = (tables[table] ?? 0) + count;
        totals.differences += count;
      }
    });
    return { ...totals, ...(totals.differences > 0 ? { differing: tables } : {}) };
  },
};

const exportCommand: CommandDefinition = {
  name: 'export',
  summary: 'write the warehouse as Parquet files with its reports as SQL, for DuckDB and the like',
  options: { '--to <folder>': 'a folder that does not exist yet; it appears when all is written' },
  async run(app, options) {
    const load = app.get(LoadService, { strict: false });
    const exporter = app.get(ExportService, { strict: false });
    const told = teller('all');
    const written = await exporter.export(options['to'] ?? '', await load.companies(), told);
    return { ...written };
  },
};

export const warehouseCommands: readonly CommandDefinition[] = [
  load,
  verify,
  rebuild,
  exportCommand,
];

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

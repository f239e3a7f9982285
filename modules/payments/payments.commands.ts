import { Database, runAsHouse } from '#kernel';
import type { CommandDefinition } from '#kernel';
import { LedgerCheckService } from './cash-session/ledger-check.service.js';
import { DailyCutService } from './daily-cut/daily-cut.service.js';

/** Derives every daily cut again from its rows; fails when one no longer comes out. */
const verifyCut: CommandDefinition = {
  name: 'verify-cut',
  summary: 'derive every daily cut again from the rows it sums, in every company',
  options: {},
  async run(app) {
    const companies = await app
      .get(Database)
      .rowsWithoutCompany<{ id: string }>('SELECT id FROM kernel_company ORDER BY id');
    const cuts = app.get(DailyCutService, { strict: false });
    const differing: string[] = [];
    for (const { id } of companies) {
      const found = await runAsHouse(id, 'ofitec payments verify-cut', () => cuts.differing());
      differing.push(...found.map((cut) => `${cut.businessDate}/${cut.sequence} ${cut.id}`));
    }
    if (differing.length > 0) {
      throw new Error(`These cuts differ from their rows: ${differing.join(', ')}`);
    }
    return { companies: companies.length, differing: 0 };
  },
};

/** Recomputes what the nightly check does, and stores nothing: also over a copy that was restored. */
const verifyLedger: CommandDefinition = {
  name: 'verify-ledger',
  summary: 'recompute sessions, orders and balances from their rows, in every company',
  options: {},
  async run(app) {
    const companies = await app
      .get(Database)
      .rowsWithoutCompany<{ id: string }>('SELECT id FROM kernel_company ORDER BY id');
    const ledger = app.get(LedgerCheckService, { strict: false });
    const differing: string[] = [];
    for (const { id } of companies) {
      const found = await runAsHouse(id, 'ofitec payments verify-ledger', () => ledger.drifts());
      differing.push(
        ...found.map(
          ({ what, id, stored, recomputed }) => `${what} ${id}: ${stored}, not ${recomputed}`,
        ),
      );
    }
    if (differing.length > 0) {
      throw new Error(`These figures differ from their rows: ${differing.join('; ')}`);
    }
    return { companies: companies.length, differing: 0 };
  },
};

export const paymentsCommands: readonly CommandDefinition[] = [verifyCut, verifyLedger];

import type { INestApplicationContext } from '@nestjs/common';
import { isDay, runAsHouse } from '#kernel';
import type { CommandDefinition } from '#kernel';
import { BlockStore } from './chain/block-store.js';
import { SealService } from './chain/seal.service.js';
import { inWords } from './chain/findings.js';
import { VerifyService } from './chain/verify.service.js';
import { ArchiveCheckService } from './cut/archive-check.service.js';
import { CutService } from './cut/cut.service.js';
import type { Anchor } from './chain/verify.service.js';
import { pace } from './pace.js';

const ANCHOR = /^(?:([0-9a-f-]{36})\/)?(\d{1,15}):([0-9a-f]{64})$/i;

/** Compares the event log of every company with its seal; fails when anything differs. */
const verify: CommandDefinition = {
  name: 'verify',
  summary: 'compare the whole event log with its seal, in every company; fails on any difference',
  options: {
    '--anchor [anchors]':
      'blocks as they were written down elsewhere, COMPANY/NUMBER:HASH with commas between them; the company where there are several',
    '--archive [files]':
      'archives of `audit cut` with commas between them: proves that each holds what was removed, as it was sealed',
    '--announce': 'store the outcome as an event too, from which an alert arises or ends',
  },
  async run(app, options) {
    const verifier = app.get(VerifyService, { strict: false });
    const companies = await app.get(BlockStore, { strict: false }).companies();
    const anchors = anchorsOf(options['anchor'], companies);
    const totals = { companies: companies.length, blocks: 0, events: 0 };
    const faults: string[] = [];
    const tips: string[] = [];
    for (const id of companies) {
      await runAsHouse(id, 'ofitec audit verify', async () => {
        const told = pace(`company ${id}`);
        const found = await verifier.verify(anchors.get(id), ({ block, of, events }) =>
          told(events, `block ${block} of ${of}`, block / of),
        );
        if (options['announce']) await verifier.announce(found);
        totals.blocks += found.blocks;
        totals.events += found.events;
        tips.push(`${id}/${found.tip}`);
        if (found.count > 0) {
          const words = found.findings.map((finding) => `  ${inWords(finding)}`);
          faults.push(`company ${id}: ${found.count} differences`, ...words);
        }
      });
    }
    const archives = await archivesOf(app, options['archive'], faults);
    if (faults.length > 0) {
      throw new Error(['The event log does not agree with its seal:', ...faults].join('\n'));
    }
    return { ...totals, tips, ...(archives.length > 0 ? { archives } : {}) };
  },
};

/** What is committed and not sealed yet is sealed first, so that the tip is over all of it. */
const tip: CommandDefinition = {
  name: 'tip',
  summary: 'seal what is committed and print the last block of each company, for keeping elsewhere',
  options: {},
  async run(app) {
    const blocks = app.get(BlockStore, { strict: false });
    const tips: string[] = [];
    for (const id of await blocks.companies()) {
      tips.push(await runAsHouse(id, 'ofitec audit tip', () => sealedTip(id)));
    }
    return { tips };

    async function sealedTip(id: string): Promise<string> {
      const told = pace(`company ${id}`);
      const sealer = app.get(SealService, { strict: false });
      const { number, hash } = await sealer.sealedTip((events) => told(events, 'sealing'));
      return `${id}/${number}:${hash.toString('hex')}`;
    }
  },
};

/** Retention: what is old enough is archived, proven and removed. */
const cut: CommandDefinition = {
  name: 'cut',
  summary: 'write what is old enough to an archive, prove that, and remove it from the log',
  options: {
    '--before <day>':
      'events from before this day only, YYYY-MM-DD; each class keeps its own time besides',
    '--into [folder]': 'where the archives go: on another machine’s disk, or copied there',
    '--dry-run': 'say what would go, and change nothing',
  },
  async run(app, options) {
    const day = options['before'] ?? '';
    if (typeof day !== 'string' || !isDay(day)) throw new Error(`“${String(day)}” is no day.`);
    const before = new Date(`${day}T00:00:00Z`);
    const folder = options['into'];
    if (!options['dryRun'] && !folder) throw new Error('Without --into FOLDER nothing is removed.');
    const cuts: Record<string, unknown>[] = [];
    for (const id of await app.get(BlockStore, { strict: false }).companies()) {
      await runAsHouse(id, 'ofitec audit cut', async () => {
        const service = app.get(CutService, { strict: false });
        if (options['dryRun']) {
          const { last, blocks, events, alone, limits } = await service.plan(before);
          const thinned = alone.length;
          cuts.push({ company: id, number: last.number, blocks, events, thinned, limits });
        } else {
          const done = await service.cut(before, folder ?? '');
          if (done) cuts.push({ company: id, ...done });
        }
      });
    }
    return { state: options['dryRun'] ? 'rehearsed' : 'cut', cuts };
  },
};

export const auditCommands: readonly CommandDefinition[] = [verify, tip, cut];

async function archivesOf(
  app: INestApplicationContext,
  given: string | undefined,
  faults: string[],
): Promise<Record<string, unknown>[]> {
  const checks = app.get(ArchiveCheckService, { strict: false });
  const done: Record<string, unknown>[] = [];
  for (const file of given?.split(',') ?? []) {
    try {
      const { reading, found } = await checks.read(file);
      const { companyId } = reading.head;
      const { blocks, events, findings } = await runAsHouse(companyId, 'ofitec audit verify', () =>
        checks.check(reading, found),
      );
      if (findings.length > 0)
        faults.push(`${file}:`, ...findings.map((each) => `  ${inWords(each)}`));
      done.push({ file, company: companyId, blocks, events });
    } catch (error) {
      faults.push(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return done;
}

function anchorsOf(
  given: string | undefined,
  companies: readonly string[],
): ReadonlyMap<string, Anchor[]> {
  const anchors = new Map<string, Anchor[]>();
  for (const text of given?.split(',') ?? []) {
    const match = ANCHOR.exec(text.trim());
    const only = companies.length === 1 ? companies[0] : undefined;
    const company = match?.[1] ?? only;
    if (!match || company === undefined || !companies.includes(company)) {
      throw new Error(`“${text}” is no COMPANY/NUMBER:HASH of a company of this installation.`);
    }
    const known = anchors.get(company) ?? [];
    anchors.set(company, [...known, { number: Number(match[2]), hash: match[3] ?? '' }]);
  }
  return anchors;
}

import { runAsHouse } from '#kernel';
import type { CommandDefinition } from '#kernel';
import { BlockStore } from './chain/block-store.js';
import { SealService } from './chain/seal.service.js';
import { inWords } from './chain/findings.js';
import { VerifyService } from './chain/verify.service.js';
import type { Anchor } from './chain/verify.service.js';

const ANCHOR = /^(?:([0-9a-f-]{36})\/)?(\d{1,15}):([0-9a-f]{64})$/i;

/** Compares the event log of every company with its seal; fails when anything differs. */
const verify: CommandDefinition = {
  name: 'verify',
  summary: 'compare the whole event log with its seal, in every company; fails on any difference',
  options: {
    '--anchor [anchors]':
      'blocks as they were written down elsewhere, COMPANY/NUMBER:HASH with commas between them; the company where there are several',
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
        const found = await verifier.verify(anchors.get(id), progressOf(id));
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
    if (faults.length > 0) {
      throw new Error(['The event log does not agree with its seal:', ...faults].join('\n'));
    }
    return { ...totals, tips };
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
      const { number, hash } = await app.get(SealService, { strict: false }).sealedTip();
      return `${id}/${number}:${hash.toString('hex')}`;
    }
  },
};

export const auditCommands: readonly CommandDefinition[] = [verify, tip];

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

function progressOf(companyId: string): (block: number) => void {
  let told = performance.now();
  return (block) => {
    if (performance.now() - told < 1_000) return;
    told = performance.now();
    process.stderr.write(`company ${companyId}: block ${block}\n`);
  };
}

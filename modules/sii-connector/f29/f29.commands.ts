import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { Problem, runAsHouse } from '#kernel';
import type { CommandDefinition } from '#kernel';
import { CompanyService } from '#modules/base';
import { companyOf } from '../sii-connector.commands.js';
import { formCode, inFormOrder } from '../tables/form.js';
import { isPeriod } from '../tables/period.js';
import { checklistPage } from './checklist-page.view.js';
import { FilingService } from './filing.service.js';
import { F29Return, findingKey } from './return.entity.js';
import { paperName, returnCsv, returnXml } from './return-files.view.js';
import * as problems from './return.problems.js';
import { ReturnService } from './return.service.js';

type Options = Readonly<Record<string, string | undefined>>;

const PERIOD_OPTIONS = {
  '--period <period>': 'YYYYMM',
  '--rut [rut]': 'of the company, where there are several',
};

/** Begins the month's return where there is none, and works it out of the ledger. */
const compute: CommandDefinition = {
  name: 'compute',
  summary: 'work a month’s Form 29 out of its documents; begins it where there is none',
  options: PERIOD_OPTIONS,
  run: (app, options) =>
    inCompany(app, options, 'compute', async (period) => {
      const returns = app.get(ReturnService, { strict: false });
      const known = (await returns.latest(period)) ?? (await returns.open(period));
      const declared = await returns.compute(known.id);
      return { ...factsOf(declared), codes: codesOf(declared), findings: findingsOf(declared) };
    }),
};

/** Approves; refused while a rule finds an error, or a warning that nobody answers for. */
const validate: CommandDefinition = {
  name: 'validate',
  summary: 'approve a month’s Form 29; fails while there are errors, or warnings without a reason',
  options: { ...PERIOD_OPTIONS, '--reason [reason]': 'why the warnings that are left are right' },
  run: (app, options) =>
    inCompany(app, options, 'validate', async (period) => {
      const returns = app.get(ReturnService, { strict: false });
      const known = await find(app, period);
      const { reason } = options;
      const answered = new Set(known.acknowledgements.map(({ key }) => key));
      const open = known.findings.filter(
        (each) => each.severity === 'warning' && !answered.has(findingKey(each)),
      );
      if (reason !== undefined && open.length > 0) {
        const rules = [...new Set(open.map(({ rule }) => rule))];
        await returns.acknowledge(
          known.id,
          rules.map((rule) => ({ rule, reason })),
        );
      }
      const declared = await returns.validate(known.id);
      return { ...factsOf(declared), findings: findingsOf(declared) };
    }),
};

/** Writes the papers; an approved return is exported from then on. */
const exportFiles: CommandDefinition = {
  name: 'export',
  summary:
    'write a month’s Form 29 as CSV, XML and a checklist to print; none is a format of the SII',
  options: { ...PERIOD_OPTIONS, '--to [folder]': 'where to; here when left out' },
  run: (app, options) =>
    inCompany(app, options, 'export', async (period) => {
      const known = await find(app, period);
      const declared = ['validated', 'exported'].includes(known.state)
        ? await app.get(FilingService, { strict: false }).export(known.id)
        : known;
      const company = await app.get(CompanyService, { strict: false }).show();
      const base = join(options['to'] ?? '.', paperName(declared, company));
      const papers: Readonly<Record<string, string>> = {
        [`${base}.csv`]: returnCsv(declared, company),
        [`${base}.xml`]: returnXml(declared, company),
        [`${base}.html`]: checklistPage(declared, company),
      };
      for (const [file, text] of Object.entries(papers)) await writeFile(file, text);
      return { ...factsOf(declared), files: Object.keys(papers) };
    }),
};

export const f29Commands: readonly CommandDefinition[] = [compute, validate, exportFiles];

async function inCompany(
  app: INestApplicationContext,
  { period = '', rut }: Options,
  verb: string,
  work: (period: string) => Promise<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  if (!isPeriod(period)) throw new Error(`--period is a month, YYYYMM: ${String(period)}`);
  const companyId = await companyOf(app, rut);
  return runAsHouse(companyId, `ofitec f29 ${verb}`, async () => {
    try {
      return await work(period);
    } catch (error) {
      throw error instanceof Problem ? inWords(error) : error;
    }
  });
}

async function find(app: INestApplicationContext, period: string): Promise<F29Return> {
  const known = await app.get(ReturnService, { strict: false }).latest(period);
  if (!known) throw new Error(`There is no return of ${period}: ofitec f29 compute begins it.`);
  return known;
}

function factsOf(declared: F29Return): Record<string, unknown> {
  const { period, revision, state, amount, dueDate } = declared;
  return { period, revision, state, amount, dueDate };
}

function codesOf({ codes }: F29Return): Record<string, unknown>[] {
  return inFormOrder(Object.keys(codes)).map((code) => ({
    ...{ code, value: codes[code]?.value, origin: codes[code]?.origin },
    name: (formCode(code)?.name ?? '').slice(0, 60),
  }));
}

function findingsOf({ findings, acknowledgements }: F29Return): Record<string, unknown>[] {
  const answered = new Set(acknowledgements.map(({ key }) => key));
  return findings.map((each) => ({
    ...{ severity: each.severity, code: each.code ?? '', rule: each.rule },
    ...{ answered: answered.has(findingKey(each)) ? 'yes' : 'no', detail: each.detail.en },
  }));
}

function inWords(problem: Problem): Error {
  const { definition, options } = problem;
  if (definition !== problems.ReturnHasErrors && definition !== problems.WarningsOpen)
    return problem;
  const found = options.extra?.['findings'] as readonly { rule: string; detail: string }[];
  const lines = found.map(({ rule, detail }) => `${rule}: ${detail}`);
  return new Error([`${definition.title.en}.`, ...lines].join('\n  '));
}

import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { checkInput, Database, normalizeRut, Problem, runAsHouse } from '#kernel';
import type { CommandDefinition } from '#kernel';
import { CompanyService } from '#modules/base';
import type { Finding } from './import/import.entity.js';
import { ImportRequest } from './import/import.input.js';
import { FileRefused } from './import/import.problems.js';
import { ImportService } from './import/import.service.js';
import type { Progress } from './import/import.service.js';

/** Takes a file of any size that the server's network would be too slow for. */
const importFile: CommandDefinition = {
  name: 'import',
  summary: 'import a file of the SII into the tax ledger; tells how far it is on standard error',
  options: {
    '--file <path>': 'the file; - for standard input',
    '--kind <kind>': 'rcv-compra, rcv-venta, dte or honorarios',
    '--period [period]': 'YYYYMM, where neither the file nor its name tells',
    '--section [section]': 'REGISTRO, PENDIENTE, NO_INCLUIR or RECLAMADO',
    '--rut [rut]': 'of the company, where there are several',
    '--dry-run': 'say only what would happen',
    '--mine': 'it is of this company, though it looks like another one’s',
  },
  async run(app, options) {
    const { file = '', kind, period, section } = options;
    const given = { kind, period, section, dryRun: yes(options['dryRun']) };
    const mine = yes(options['mine']);
    const fileName = file === '-' ? undefined : basename(file);
    const request = checkInput(ImportRequest, withoutUndefined({ ...given, mine, fileName }));
    const companyId = await companyOf(app, options['rut']);
    return runAsHouse(companyId, 'ofitec f29 import', async () => {
      const source = file === '-' ? process.stdin : createReadStream(file);
      const imports = app.get(ImportService, { strict: false });
      try {
        const outcome = await imports.take(source, request, progressOn(process.stderr));
        const { errors, warnings, ...rest } = outcome;
        return { ...rest, errors: linesOf(errors), warnings: linesOf(warnings) };
      } catch (error) {
        throw error instanceof Problem ? inWords(error) : error;
      }
    });
  },
};

export const siiConnectorCommands: readonly CommandDefinition[] = [importFile];

/**
 * The company that a command works for.
 *
 * @public for the other commands of the addon
 *
 * @throws Error when there is none with the RUT, or several and none was named
 */
export async function companyOf(
  app: INestApplicationContext,
  rut: string | undefined,
): Promise<string> {
  const companies = await app
    .get(Database)
    .rowsWithoutCompany<{ id: string }>('SELECT id FROM kernel_company ORDER BY id');
  const ruts = new Map<string, string>();
  for (const { id } of companies) {
    const company = await runAsHouse(id, 'ofitec f29', () =>
      app.get(CompanyService, { strict: false }).show(),
    );
    ruts.set(company.rut, id);
  }
  const known = [...ruts.keys()].sort().join(', ');
  const [only] = ruts.values();
  if (rut === undefined && only !== undefined && ruts.size === 1) return only;
  if (rut === undefined) throw new Error(`--rut says which company: ${known}`);
  const found = ruts.get(normalizeRut(rut) ?? '');
  if (found === undefined) throw new Error(`No company has the RUT ${rut}; these are: ${known}`);
  return found;
}

function yes(option: string | undefined): 'true' | undefined {
  return option ? 'true' : undefined;
}

function withoutUndefined(given: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** A line for every tenth of the file. */
function progressOn(stream: NodeJS.WritableStream): Progress {
  let told = 0;
  return (bytesRead, bytes) => {
    const tenths = Math.floor((bytesRead * 10) / bytes);
    if (tenths <= told) return;
    told = tenths;
    stream.write(`${String(tenths * 10).padStart(3)} % read\n`);
    if (tenths === 10) stream.write('storing, which takes some three times as long as reading\n');
  };
}

function inWords(problem: Problem): Error {
  const { definition, options } = problem;
  if (definition !== FileRefused) return problem;
  const lines = linesOf(options.extra?.['errors'] as readonly Finding[]);
  return new Error([`${definition.title.en}.`, ...lines].join('\n  '));
}

function linesOf(findings: readonly Finding[]): string[] {
  return findings.map(({ row, column, detail }) => {
    const place =
      row === 0 ? 'file' : column === undefined ? `row ${row}` : `row ${row}, ${column}`;
    return `${place}: ${detail}`;
  });
}

import { Command } from 'commander';
import { hostCommand } from '../../infra/host/index.js';
import { environmentCheck, examine, exitCodeOf, kernelAddon } from '#kernel';
import type { DoctorFinding } from '#kernel';
import { surveyBlueprint } from '../bootstrap.js';
import { applicationUrl, homePath } from '../place.js';
import { infraChecks } from './doctor-checks.js';
import { printReport } from './print.js';

interface Options {
  readonly json?: boolean;
  readonly all?: boolean;
}

/** `ofitec doctor`: works without the application, and while the database does not answer. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description(
      'everything that is wrong with this installation, the worst first, with its runbook; exit 0 all is well, 1 warning, 2 critical, 3 unknown',
    )
    .addCommand(hostCommand())
    .option('--all', 'also show what is well')
    .option('--json', 'print JSON')
    .action(async ({ json = false, all = false }: Options) => {
      const findings = await look();
      const exitCode = exitCodeOf(findings);
      printReport({ exitCode, lines: linesOf(findings, all), json: { exitCode, findings } }, json);
      process.exitCode = exitCode;
    });
}

async function look(): Promise<DoctorFinding[]> {
  const environment = { LOG_LEVEL: 'error', ...process.env };
  const { blueprint, faults } = await surveyBlueprint(environment);
  const { available, config, kernel } = blueprint;
  const addons = [kernelAddon, ...available];
  const others = infraChecks.flatMap(({ variables = [] }) => variables);
  const checks = [
    environmentCheck(faults, others),
    ...addons.flatMap((addon) => addon.checks),
    ...infraChecks,
  ];
  const desk = { environment, config, addons, home: homePath(kernel) };
  return examine(checks, desk, () => applicationUrl(kernel));
}

function linesOf(findings: readonly DoctorFinding[], all: boolean): string[] {
  const shown = findings.filter(({ state }) => all || state !== 'good');
  const count = (state: string): number => findings.filter((each) => each.state === state).length;
  const numbers = ['critical', 'warning', 'unknown', 'good'].map(
    (state) => `${count(state)} ${state}`,
  );
  const rows = shown.map((each) => [each.state, each.what, each.sentence, each.runbook]);
  const widths = [0, 1, 2].map((column) =>
    Math.min(90, Math.max(0, ...rows.map((row) => row[column]?.length ?? 0))),
  );
  const table = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [`OFITEC DOCTOR - ${numbers.join(', ')}`, ...table];
}

import { Command } from 'commander';
import { examineHost } from './examine.js';
import { exitCodeOf, worstFirst } from './finding.js';
import type { HostFinding } from './finding.js';

interface Options {
  readonly json?: boolean;
  readonly root?: string;
  readonly sshdConfig?: string;
  readonly expect?: string;
}

const UNKNOWN = 3;

/** `ofitec doctor host` */
export function hostCommand(): Command {
  return (
    new Command('host')
      .description(
        'what is wrong with this machine (SSH, keys, clock, disks, kernel, ports, files, upgrades); exit 0 good, 1 warning, 2 critical, 3 unknown',
      )
      .option('--expect <ports>', 'TCP ports that may be open beside 22, 80 and 443, by commas')
      .option('--sshd-config <file>', 'another configuration of sshd than its own')
      .option('--root <folder>', 'look at a machine whose files are below this folder', '/')
      .option('--json', 'print JSON')
      .showHelpAfterError()
      .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : UNKNOWN))
      // `ofitec doctor` has a --json of its own, and takes ours wherever it stands.
      .action((_: Options, command: Command) => doctorHost(command.optsWithGlobals<Options>()))
  );
}

async function doctorHost({ json, root, sshdConfig, expect }: Options): Promise<void> {
  const ports = portsOf(expect ?? '');
  if (ports === null) {
    process.stderr.write('--expect takes numbers of ports by commas, as 9464,9100\n');
    process.exitCode = UNKNOWN;
    return;
  }
  const found = await examineHost({
    ...(root === undefined ? {} : { root }),
    ...(sshdConfig === undefined ? {} : { sshdConfig }),
    expectedPorts: ports,
  });
  const findings = worstFirst(found);
  process.stdout.write(`${json ? JSON.stringify(findings, null, 2) : screenOf(findings)}\n`);
  process.exitCode = exitCodeOf(findings);
}

function portsOf(text: string): number[] | null {
  const words = text.split(',').filter((word) => word !== '');
  const ports = words.map((word) => (/^\d{1,5}$/.test(word) ? Number(word) : Number.NaN));
  return ports.every((port) => port > 0 && port < 65_536) ? ports : null;
}

function screenOf(findings: readonly HostFinding[]): string {
  const width = Math.max(...findings.map(({ what }) => what.length));
  const lines = findings.flatMap(({ severity, what, why, runbook }) => [
    `${severity.toUpperCase().padEnd(8)}  ${what.padEnd(width)}  ${why}`,
    ...(severity === 'good' ? [] : [`${' '.repeat(10)}${' '.repeat(width)}  → ${runbook}`]),
  ]);
  const bad = findings.filter(({ severity }) => severity !== 'good').length;
  return [...lines, '', bad === 0 ? 'This machine is well.' : `${bad} to look at.`].join('\n');
}

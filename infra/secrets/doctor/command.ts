import { Command } from 'commander';
import { spoolAlert } from '../alert-spool.js';
import { readPlan, readVaultAccess } from '../config.js';
import { aligned, print } from '../print.js';
import { writeTextFile } from './metrics-file.js';
import { withVault } from '../with-vault.js';
import { examine } from './examine.js';
import type { Finding } from './examine.js';
import { Vault } from '../vault/vault.js';
import { VaultFault } from '../vault/vault-fault.js';

interface Options {
  readonly json?: boolean;
  readonly metrics?: string;
}

const EXIT = { good: 0, warning: 1, critical: 2 } as const;

/** `ofitec secrets doctor` */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('what is missing, old, about to end or stuck; exit 0 good, 1 warning, 2 critical')
    .option('--metrics <file>', 'also write them for the textfile collector of node_exporter')
    .option('--json', 'print JSON')
    .action(doctor);
}

async function doctor({ json, metrics }: Options): Promise<void> {
  const plan = readPlan(process.env);
  const findings = await withVault((vault) => examine(vault, plan)).catch((error: unknown) =>
    withoutSignIn(error, plan),
  );
  for (const { alert, state, sentence } of findings) {
    if (alert) spoolAlert(plan.alertSpool, { ...alert, label: sentence, good: state === 'good' });
  }
  if (metrics !== undefined) writeTextFile(metrics, findings);
  const rows = findings.map(({ what, state, sentence }) => [state, what, sentence]);
  print(findings, aligned(rows), json);
  process.exitCode = Math.max(...findings.map(({ state }) => EXIT[state]));
}

/** What can be said when Vault lets nobody in. */
async function withoutSignIn(
  error: unknown,
  plan: Parameters<typeof examine>[1],
): Promise<Finding[]> {
  if (!(error instanceof VaultFault)) throw error;
  const said: Finding = { what: 'sign-in', state: 'critical', sentence: error.message };
  const vault = new Vault({ ...readVaultAccess(process.env).address, patienceMs: 0 });
  const others = await examine(vault, plan);
  return [said, ...others.filter(({ what }) => what !== 'Vault')];
}

import { failoverCommand } from './index.js';

/** The failover by itself, where nothing of the ERP runs: `node dist/infra/failover/main.js observe`. */
async function main(): Promise<void> {
  await failoverCommand().showHelpAfterError().parseAsync();
}

main().catch((error: unknown) => {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});

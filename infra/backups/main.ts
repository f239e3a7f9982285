import { backupCommand } from './index.js';

/** The backups by themselves, where nothing of the ERP runs: `node dist/infra/backups/main.js run`. */
async function main(): Promise<void> {
  await backupCommand().showHelpAfterError().parseAsync();
}

main().catch((error: unknown) => {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});

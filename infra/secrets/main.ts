import { secretsCommand } from './index.js';

/** The secrets by themselves, where nothing of the ERP runs: `node dist/infra/secrets/main.js render`. */
async function main(): Promise<void> {
  await secretsCommand().showHelpAfterError().parseAsync();
}

main().catch((error: unknown) => {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});

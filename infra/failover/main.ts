import { failoverCommand } from './index.js';

/** The failover by itself: `node dist/infra/failover/main.js observe`, as its systemd units run it. */
async function main(): Promise<void> {
  await failoverCommand().showHelpAfterError().parseAsync();
}

main().catch((error: unknown) => {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});

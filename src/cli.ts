import { Command } from 'commander';
import { backupCommand } from '../infra/backups/index.js';
import { failoverCommand } from '../infra/failover/index.js';
import { releaseCommand } from '../infra/release/index.js';
import { secretsCommand } from '../infra/secrets/index.js';
import { shippedAddons } from './addons.js';
import { addonCommand } from './cli/addon-command.js';
import { failureExitCode, verbsOf } from './cli/addon-verbs.js';
import { doctorCommand } from './cli/doctor-command.js';
import { configCommand } from './cli/config-command.js';
import { checkRelease } from './cli/check-release.js';
import { migrateCommand } from './cli/migrate-command.js';
import { readBlueprint } from './bootstrap.js';
import { demandNode, fail } from './lifetime.js';

/** The operator's command: the house's own verbs, and those that the addons declare. */
async function main(): Promise<void> {
  demandNode();
  // They must also work while the house cannot be composed: their configuration is their own.
  const alone = [
    backupCommand(),
    doctorCommand(),
    failoverCommand(),
    releaseCommand(checkRelease),
    secretsCommand(),
  ];
  if (alone.some((command) => command.name() === process.argv[2])) {
    const program = new Command('ofitec').showHelpAfterError();
    for (const command of alone) program.addCommand(command);
    await program.parseAsync();
    return;
  }
  const blueprint = await readBlueprint({ LOG_LEVEL: 'warn', ...process.env });
  const program = new Command('ofitec')
    .description(
      'OFITEC for its operator. The embedded database of OFITEC_HOME is used when DATABASE_URL is unset.',
    )
    .showHelpAfterError()
    .addCommand(migrateCommand(blueprint))
    .addCommand(addonCommand(blueprint))
    .addCommand(configCommand(blueprint))
    .addCommand(backupCommand())
    .addCommand(doctorCommand())
    .addCommand(failoverCommand())
    .addCommand(releaseCommand(checkRelease))
    .addCommand(secretsCommand());
  for (const addon of blueprint.available) {
    if (addon.commands.length > 0) program.addCommand(verbsOf(addon, blueprint));
  }
  await program.parseAsync();
}

main().catch((error: unknown) =>
  fail(error, failureExitCode(shippedAddons, process.argv.slice(2))),
);

import { Command } from 'commander';
import type { INestApplicationContext } from '@nestjs/common';
import type { Addon } from '#kernel';
import { addonCommand } from './cli/addon-command.js';
import { configCommand } from './cli/config-command.js';
import { migrateCommand } from './cli/migrate-command.js';
import { print } from './cli/print.js';
import { createContextApplication, readBlueprint } from './bootstrap.js';
import type { Blueprint } from './bootstrap.js';
import { demandNode, fail } from './lifetime.js';
import { findPlace, settledIn } from './place.js';

/** The operator's command: the house's own verbs, and those that the addons declare. */
async function main(): Promise<void> {
  demandNode();
  const blueprint = await readBlueprint({ LOG_LEVEL: 'warn', ...process.env });
  const program = new Command('ofitec')
    .description(
      'OFITEC for its operator. The embedded database of OFITEC_HOME is used when DATABASE_URL is unset.',
    )
    .showHelpAfterError()
    .addCommand(migrateCommand(blueprint))
    .addCommand(addonCommand(blueprint))
    .addCommand(configCommand(blueprint));
  for (const addon of blueprint.available) {
    if (addon.commands.length > 0) program.addCommand(commandsOf(addon, blueprint));
  }
  await program.parseAsync();
}

function commandsOf(addon: Addon, blueprint: Blueprint): Command {
  const group = new Command(addon.name).description(addon.summary);
  for (const definition of addon.commands) {
    const command = new Command(definition.name)
      .description(definition.summary)
      .option('--json', 'print JSON');
    for (const [flags, meaning] of Object.entries(definition.options)) {
      if (flags.includes('<')) command.requiredOption(flags, meaning);
      else command.option(flags, meaning);
    }
    command.action((options: Record<string, string | undefined> & { json?: boolean }) =>
      inApplication(blueprint, async (app) => {
        print(await definition.run(app, options), options.json === true);
      }),
    );
    group.addCommand(command);
  }
  return group;
}

async function inApplication(
  blueprint: Blueprint,
  work: (app: INestApplicationContext) => Promise<void>,
): Promise<void> {
  const place = await findPlace(blueprint.kernel, 'join', () => {});
  try {
    const app = await createContextApplication(settledIn(place, blueprint), place.urls);
    try {
      await work(app);
    } finally {
      await app.close();
    }
  } finally {
    await place.leave();
  }
}

main().catch(fail);

import { Command } from 'commander';
import type { INestApplicationContext } from '@nestjs/common';
import { kernelAddon } from '#kernel';
import type { Addon, Command as Verb, StandaloneCommand } from '#kernel';
import { createContextApplication } from '../bootstrap.js';
import type { Blueprint } from '../bootstrap.js';
import { applicationUrl, findPlace, homePath, settledIn } from '../place.js';
import { print, printReport } from './print.js';

type Options = Record<string, string | undefined> & { json?: boolean };

/** The verbs that an addon declares, behind the word of its group. */
export function verbsOf(addon: Addon, blueprint: Blueprint): Command {
  const group = new Command(addon.commandGroup).description(addon.summary);
  for (const verb of addon.commands) group.addCommand(commandOf(verb, blueprint));
  return group;
}

/** With what a command line ends that cannot even begin; monitoring plugins have a code for it. */
export function failureExitCode(addons: readonly Addon[], args: readonly string[]): number {
  const [group, name] = args;
  const addon = addons.find((each) => each.commandGroup === group);
  const verb = addon?.commands.find((each) => each.name === name);
  return verb && 'runAlone' in verb ? verb.failureExitCode : 1;
}

function commandOf(verb: Verb, blueprint: Blueprint): Command {
  const command = new Command(verb.name)
    .description(verb.summary)
    .option('--json', 'print JSON')
    .showHelpAfterError();
  for (const [flags, meaning] of Object.entries(verb.options)) {
    if (flags.includes('<')) command.requiredOption(flags, meaning);
    else command.option(flags, meaning);
  }
  if ('runAlone' in verb) {
    command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : verb.failureExitCode));
    return command.action((options: Options) => runAlone(verb, blueprint, options));
  }
  return command.action((options: Options) =>
    inApplication(blueprint, async (app) => {
      print(await verb.run(app, options), options.json === true);
    }),
  );
}

async function runAlone(
  verb: StandaloneCommand,
  { available, config, kernel }: Blueprint,
  options: Options,
): Promise<void> {
  const report = await verb.runAlone(
    {
      config,
      addons: [kernelAddon, ...available],
      home: homePath(kernel),
      databaseUrl: () => applicationUrl(kernel),
    },
    options,
  );
  printReport(report, options.json === true);
  process.exitCode = report.exitCode;
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

import { Command } from 'commander';
import { kernelAddon } from '#kernel';
import type { Blueprint } from '../bootstrap.js';
import { printTable } from './print.js';

/** `ofitec config`: what the environment may say. Values are not printed; some are secrets. */
export function configCommand({ available }: Blueprint): Command {
  return new Command('config')
    .description('list the environment variables that are read, with their defaults')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) => {
      const rows = [kernelAddon, ...available]
        .flatMap((addon) =>
          Object.entries(addon.config).map(([name, variable]) => ({
            name: variable.secret ? `${name}[_FILE]` : name,
            addon: addon.name,
            default: JSON.stringify(variable.fallback)?.replaceAll('"', '') ?? '',
            meaning: variable.summary,
          })),
        )
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      printTable(rows, options.json === true);
    });
}

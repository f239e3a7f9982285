import { Command } from 'commander';
import { migrate } from '../bootstrap.js';
import type { Blueprint } from '../bootstrap.js';
import { findPlace } from '../place.js';
import { print } from './print.js';

/** `ofitec migrate` */
export function migrateCommand({ kernel, available }: Blueprint): Command {
  return new Command('migrate')
    .description(
      'apply what is pending, as DATABASE_OWNER_URL; the first time it installs every addon at hand',
    )
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const json = options.json === true;
      const report = (line: string): void => void (json || process.stdout.write(`· ${line}\n`));
      const place = await findPlace(kernel, 'join', report);
      try {
        const applied = await migrate(
          ...([place.urls.owner, available, report, kernel.OFITEC_RELEASE] as const),
        );
        print({ applied, state: 'up to date' }, json);
      } finally {
        await place.leave();
      }
    });
}

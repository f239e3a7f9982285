import { Command } from 'commander';
import { checkCommand } from './check.js';
import { restoreCommand } from './restore.js';
import { restoreTestCommand, runCommand, setupCommand } from './run.js';
import { statusCommand } from './status.js';

/** `ofitec backup …`: none of it needs the ERP to run; a restore test starts one of its own. */
export function backupCommand(): Command {
  return new Command('backup')
    .description('backups that are proven by restoring them; BACKUP_… say what and where to')
    .addCommand(setupCommand())
    .addCommand(runCommand())
    .addCommand(statusCommand())
    .addCommand(checkCommand())
    .addCommand(restoreTestCommand())
    .addCommand(restoreCommand());
}

import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeSecretFile } from './render/secret-file.js';

/** Alerts of the programs of `infra`; the addon `operational-alerts` declares them. */
type SpooledAlert = 'secret.expiring' | 'rotation.stuck' | 'vault.unavailable' | 'backup.missing';

/**
 * Leaves an alert, or its good sign, where a worker of the ERP takes it within seconds once it runs:
 * the same file that `ofitec alerts raise` writes. Nothing is thrown: what goes on is told by the
 * program that calls.
 */
export function spoolAlert(
  folder: string | null,
  alert: { type: SpooledAlert; key: string; label: string; good: boolean },
): void {
  if (folder === null) return;
  const id = randomUUID();
  const at = new Date().toISOString();
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const entry = { id, ...alert, count: 1, firstAt: at, lastAt: at };
    // One file for each: a program that runs every minute does not fill the spool while the ERP is away.
    const name = `infra-${alert.type}-${alert.key}`.replace(/[^\w.-]/g, '_');
    writeSecretFile(join(folder, `${name}.json`), JSON.stringify(entry));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'no room';
    process.stderr.write(`The alert ${alert.type} could not be spooled: ${code}\n`);
  }
}

import { hostname } from 'node:os';
import { Command } from 'commander';
import { spoolAlert } from '../alert-spool.js';
import { readPlan, readVaultAccess } from '../config.js';
import { keepAlive } from '../vault/renewal.js';
import { signIn } from '../vault/sign-in.js';
import { Vault } from '../vault/vault.js';
import { DatabaseLease } from './database-lease.js';

/** `ofitec secrets lease` */
export function leaseCommand(): Command {
  return new Command('lease')
    .description('keep a leased login of the database in its file, until stopped')
    .action(lease);
}

/**
 * Nothing is ended when it stops: the login in the file is in use, and ends with its time. Who starts
 * it again within a third of that gets another one before.
 */
async function lease(): Promise<void> {
  const { lease: config, alertSpool } = readPlan(process.env);
  if (!config) throw new Error('SECRETS_CONFIG says nothing of a lease.');
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  let isGood = true;
  const heard = (error: unknown): void => {
    if (error === null && isGood) return;
    isGood = error === null;
    const alert = { type: 'vault.unavailable', key: `lease ${hostname()}` } as const;
    spoolAlert(alertSpool, { ...alert, label: `${config.mount}/${config.role}`, good: isGood });
    say(error === null ? 'well again' : `failed    ${(error as Error).message}`);
  };
  const { address, proof } = readVaultAccess(process.env);
  let stop = (): void => undefined;
  const session = await signIn(new Vault(address), proof, () => {
    leased.forget();
    stop();
    stop = keepAlive(leased, 1, { heard });
  });
  const leased = new DatabaseLease(session.vault, config, say);
  stop = keepAlive(leased, await leased.replace(), { heard });
  // The timers of the renewal alone keep no process alive.
  const alive = setInterval(() => undefined, 60_000);
  await new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  });
  clearInterval(alive);
  stop();
  session.stop();
}

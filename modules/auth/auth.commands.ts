import { Database, runAsHouse } from '#kernel';
import type { CommandDefinition } from '#kernel';
import type { INestApplicationContext } from '@nestjs/common';
import { CredentialService } from './credential/credential.service.js';
import { TotpService } from './totp/totp.service.js';

/** Gives a user an initial password, shown once: it never stands in a shell's history. */
const resetPassword: CommandDefinition = {
  name: 'reset-password',
  summary: 'give a user an initial password, good for one sign-in, and show it once',
  options: { '--login <login>': 'whose password' },
  async run(app, options) {
    const { login, userId, companyId } = await find(app, options['login']);
    const { initialPassword, expiresAt } = await runAsHouse(
      companyId,
      'ofitec auth reset-password',
      () => app.get(CredentialService, { strict: false }).reset(userId),
    );
    return { login, password: initialPassword, expiresAt: expiresAt.toISOString() };
  },
};

/** The way out for somebody whose phone and recovery codes are gone. */
const removeTotp: CommandDefinition = {
  name: 'remove-totp',
  summary: 'remove the authenticator app and recovery codes of a user who lost them',
  options: { '--login <login>': 'whose authenticator app' },
  async run(app, options) {
    const { login, userId, companyId } = await find(app, options['login']);
    await runAsHouse(companyId, 'ofitec auth remove-totp', () =>
      app.get(TotpService, { strict: false }).remove(userId),
    );
    return { login, removed: 'authenticator app and recovery codes' };
  },
};

export const authCommands: readonly CommandDefinition[] = [resetPassword, removeTotp];

/** @throws Error when nobody has the login */
async function find(
  app: INestApplicationContext,
  given = '',
): Promise<{ login: string; userId: string; companyId: string }> {
  const login = given.toLowerCase();
  const [found] = await app
    .get(Database)
    .rowsWithoutCompany<{ userId: string; companyId: string }>(
      'SELECT user_id AS "userId", company_id AS "companyId" FROM auth_find_login($1)',
      [login],
    );
  if (!found) throw new Error(`No user has the login ${login}.`);
  return { login, ...found };
}

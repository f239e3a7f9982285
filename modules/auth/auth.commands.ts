import { randomBytes } from 'node:crypto';
import { Database, runAsHouse } from '#kernel';
import type { CommandDefinition } from '#kernel';
import { CredentialService } from './credential/credential.service.js';

/** Gives a user a new random password, shown once: it never stands in a shell's history. */
const resetPassword: CommandDefinition = {
  name: 'reset-password',
  summary: 'give a user a new random password and show it once',
  options: { '--login <login>': 'whose password' },
  async run(app, options) {
    const login = (options['login'] ?? '').toLowerCase();
    const [found] = await app
      .get(Database)
      .rowsWithoutCompany<{ userId: string; companyId: string }>(
        'SELECT user_id AS "userId", company_id AS "companyId" FROM auth_find_login($1)',
        [login],
      );
    if (!found) throw new Error(`No user has the login ${login}.`);
    const password = randomBytes(15).toString('base64url');
    await runAsHouse(found.companyId, 'ofitec auth reset-password', () =>
      app.get(CredentialService, { strict: false }).setPassword(found.userId, password),
    );
    return { login, password };
  },
};

export const authCommands: readonly CommandDefinition[] = [resetPassword];

import { newId, normalizeRut, runAsHouse } from '#kernel';
import type { CommandDefinition } from '#kernel';
import { CompanyService } from './company/company.service.js';
import { UserService } from './user/user.service.js';

/** Founds a company: the first thing to do in an empty installation. */
const createCompany: CommandDefinition = {
  name: 'create-company',
  summary: 'found a company and its first administrator',
  options: {
    '--rut <rut>': 'RUT with check character',
    '--name <name>': 'razón social',
    '--admin <login>': 'login of the first administrator',
  },
  async run(app, options) {
    const rut = normalizeRut(options['rut'] ?? '');
    if (!rut) throw new Error('--rut is no RUT with a valid check character.');
    const companyId = newId();
    return runAsHouse(companyId, 'ofitec base create-company', async () => {
      const company = await app
        .get(CompanyService, { strict: false })
        .found({ rut, name: options['name'] ?? '', address: null });
      const user = await app
        .get(UserService, { strict: false })
        .create({ login: options['admin'] ?? '', name: options['admin'] ?? '', roles: ['admin'] });
      return { company: company.id, rut, admin: user.login };
    });
  },
};

export const baseCommands: readonly CommandDefinition[] = [createCompany];

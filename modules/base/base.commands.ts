import { checkInput, Database, newId, runAsHouse } from '#kernel';
import type { CommandDefinition } from '#kernel';
import { FoundCompany } from './company/company.input.js';
import { CompanyService } from './company/company.service.js';
import { CreateUser } from './user/user.input.js';
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
    const company = checkInput(FoundCompany, { rut: options['rut'], name: options['name'] });
    const login = options['admin'];
    const user = checkInput(CreateUser, { login, name: login, roles: ['admin'] });
    const companyId = newId();
    return runAsHouse(companyId, 'ofitec base create-company', () =>
      app.get(Database).transaction(async () => {
        const { rut } = await app
          .get(CompanyService, { strict: false })
          .found({ ...company, address: null });
        const admin = await app.get(UserService, { strict: false }).create(user);
        return { company: companyId, rut, admin: admin.login };
      }),
    );
  },
};

export const baseCommands: readonly CommandDefinition[] = [createCompany];

import { baseMigrations } from '#migrations/base';
import { defineAddon } from '#kernel';
import { baseCommands } from './base.commands.js';
import { fillDemo } from './base.demo.js';
import { BaseModule } from './base.module.js';
import { Branch } from './branch/branch.entity.js';
import { BranchChanged, BranchCreated } from './branch/branch.events.js';
import { Company } from './company/company.entity.js';
import { CompanyChanged, CompanyCreated } from './company/company.events.js';
import { Register } from './register/register.entity.js';
import { RegisterChanged, RegisterCreated } from './register/register.events.js';
import { Setting } from './setting/setting.entity.js';
import { SettingChanged } from './setting/setting.events.js';
import { User } from './user/user.entity.js';
import { UserChanged, UserCreated } from './user/user.events.js';

const permissions = {
  'base.branch.create': 'open branches',
  'base.branch.edit': 'rename, close and reopen branches',
  'base.company.edit': 'change the company’s RUT, name and address',
  'base.register.create': 'set up cash registers',
  'base.register.edit': 'rename cash registers, take them out of use',
  'base.setting.edit': 'change the company’s settings',
  'base.setting.read': 'read the company’s settings',
  'base.user.create': 'add users',
  'base.user.edit': 'rename users, give them roles, disable them',
  'base.user.read': 'read the company’s users',
};

export const baseAddon = defineAddon({
  name: 'base',
  version: '0.1.0',
  summary: 'companies, branches, cash registers, users, roles, settings, numbering',
  module: BaseModule,
  entities: [Branch, Company, Register, Setting, User],
  migrations: baseMigrations,
  permissions,
  roles: {
    vendedora: { summary: 'cashier: serves customers, sees her own cash', grants: [] },
    encargada: {
      summary: 'manager of the shop: all of the company’s cash and orders',
      grants: [
        'base.branch.edit',
        'base.register.create',
        'base.register.edit',
        'base.setting.read',
        'base.user.read',
      ],
    },
    admin: { summary: 'administrator: everything', grants: Object.keys(permissions) },
    contador: {
      summary: 'accountant: reads everything, changes nothing',
      grants: ['base.setting.read', 'base.user.read'],
    },
  },
  retention: {
    events: 'tax',
    except: { [UserChanged.name]: 'security', [UserCreated.name]: 'security' },
  },
  events: [
    BranchChanged,
    BranchCreated,
    CompanyChanged,
    CompanyCreated,
    RegisterChanged,
    RegisterCreated,
    SettingChanged,
    UserChanged,
    UserCreated,
  ],
  commands: baseCommands,
  demo: fillDemo,
});

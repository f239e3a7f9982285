import type { DemoContext } from '#kernel';
import { BranchService } from './branch/branch.service.js';
import { CompanyService } from './company/company.service.js';
import { RegisterService } from './register/register.service.js';
import { UserService } from './user/user.service.js';

const USERS = [
  { login: 'admin', name: 'Ana Administradora', roles: ['admin'] },
  { login: 'encargada', name: 'Elena Encargada', roles: ['encargada'] },
  { login: 'vendedora', name: 'Vera Vendedora', roles: ['vendedora'] },
  { login: 'vendedora.norte', name: 'Nora Norte', roles: ['vendedora'] },
  { login: 'contador', name: 'Carlos Contador', roles: ['contador'] },
];

/** A laundry with two branches of three registers each, and one user of every kind. */
export async function fillDemo({ app }: DemoContext): Promise<void> {
  await app
    .get(CompanyService, { strict: false })
    .found({ rut: '76123456-0', name: 'Lavandería Demo SpA', address: 'Santiago' });
  for (const [code, name] of [
    ['CENTRO', 'Sucursal Centro'],
    ['NORTE', 'Sucursal Norte'],
  ] as const) {
    const branch = await app.get(BranchService, { strict: false }).create({ code, name });
    for (const number of [1, 2, 3]) {
      await app
        .get(RegisterService, { strict: false })
        .create({ branchId: branch.id, code: `${code}-${number}`, name: `Caja ${number}` });
    }
  }
  for (const user of USERS) await app.get(UserService, { strict: false }).create(user);
}

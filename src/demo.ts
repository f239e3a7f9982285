import type { INestApplicationContext } from '@nestjs/common';
import { AddonRegistry, Database, newId, runAsHouse } from '#kernel';

/**
 * Fills an empty database with the demo company, every addon its part, in one transaction: a
 * start that is killed half-way leaves nothing behind and the next one begins again.
 *
 * @returns whether there was anything to do
 */
export async function createDemo(app: INestApplicationContext, password: string): Promise<boolean> {
  const database = app.get(Database);
  const companies = await database.rowsWithoutCompany('SELECT 1 FROM kernel_company LIMIT 1');
  if (companies.length > 0) return false;
  const companyId = newId();
  await runAsHouse(companyId, 'demo', () =>
    database.transaction(async () => {
      for (const addon of app.get(AddonRegistry).addons) {
        await addon.demo({ app, companyId, password });
      }
    }),
  );
  return true;
}

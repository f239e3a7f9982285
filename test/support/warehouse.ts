import { runAsHouse } from '#kernel';
import { inWords } from '../../modules/warehouse/load/differences.js';
import { LoadService } from '../../modules/warehouse/load/load.service.js';
import type { Loaded } from '../../modules/warehouse/load/load.service.js';
import { VerifyWarehouseService } from '../../modules/warehouse/load/verify.service.js';
import { LatenessService } from '../../modules/warehouse/load/lateness.service.js';
import { RebuildService } from '../../modules/warehouse/load/rebuild.service.js';
import type { Rebuilt } from '../../modules/warehouse/load/rebuild.service.js';
import { TableFile } from '../../modules/warehouse/export/parquet.js';
import { REPORT_QUERIES } from '../../modules/warehouse/report/queries.js';
import { netOf, rowsOf } from '../../modules/warehouse/vault/rows.js';
import { VAULT_TABLES } from '../../modules/warehouse/vault/tables.js';
import type { House } from './house.js';

export { netOf, REPORT_QUERIES, rowsOf, TableFile, VAULT_TABLES };

/** Loads what is settled in the first company. */
export async function load(house: House): Promise<Loaded> {
  return inCompany(house, () => house.app.get(LoadService, { strict: false }).load());
}

/** Loads everything there is; transactions of other databases hold that up, too, so it may take a while. */
export async function loadAll(house: House): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    await load(house);
    if ((await lag(house)) === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('The warehouse does not catch up.');
}

/** Seconds that the first company's warehouse is behind. */
export async function lag(house: House): Promise<number> {
  const loader = house.app.get(LoadService, { strict: false });
  return inCompany(house, async () => (await loader.measureLag())[0]?.value ?? 0);
}

/** What does not agree with the first company's books, in words. */
export async function verify(house: House): Promise<string[]> {
  return inCompany(house, async () => {
    const found = await house.app.get(VerifyWarehouseService, { strict: false }).verify();
    return found.differences.map(inWords);
  });
}

/** Makes the first company's warehouse anew. */
export async function rebuild(house: House): Promise<Rebuilt> {
  return inCompany(house, () => house.app.get(RebuildService, { strict: false }).rebuild());
}

/** Looks whether the first company's warehouse is late, as the schedule does. */
export async function watch(house: House): Promise<void> {
  await inCompany(house, () => house.app.get(LatenessService, { strict: false }).watch());
}

async function inCompany<T>(house: House, work: () => Promise<T>): Promise<T> {
  const [id = ''] = await house.app.get(LoadService, { strict: false }).companies();
  return runAsHouse(id, 'test', work);
}

import { mkdtempSync, chmodSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as Connection } from 'pg';
import { Home, startEmbedded } from '#kernel';
import type { EmbeddedDatabase } from '#kernel';
import { createHttpApplication, migrate, readBlueprint } from '../../src/bootstrap.js';
import { createDemo } from '../../src/demo.js';

export const PASSWORD = 'clave del banco de pruebas';
export const ORDERS = 5_000;

/** A database of its own with the demo company, many open orders and one open cash session. */
export interface Ground {
  readonly applicationUrl: string;
  readonly ownerUrl: string;
  readonly superuserUrl: string;
  readonly companyId: string;
  readonly branchId: string;
  readonly sessionId: string;
  readonly cashierId: string;
  readonly orderIds: readonly string[];
  stop(): Promise<void>;
}

/** Prepares the ground. Durable: fsync is on, as in a shop. */
export async function prepareGround(): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), 'ofitec-bench-'));
  chmodSync(folder, 0o755);
  const embedded = await startEmbedded(new Home(folder), () => {});
  const stop = async (): Promise<void> => {
    await embedded.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    return { ...(await furnish(embedded)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function furnish(embedded: EmbeddedDatabase): Promise<Omit<Ground, 'stop'>> {
  const blueprint = await readBlueprint({ NODE_ENV: 'test', LOG_LEVEL: 'error' });
  await migrate(embedded.urls.owner, blueprint.available, () => {});
  const { app } = await createHttpApplication(blueprint, embedded.urls);
  await createDemo(app, PASSWORD);
  await app.close();
  return {
    ...(await fill(embedded.urls.owner)),
    applicationUrl: embedded.urls.application,
    ownerUrl: embedded.urls.owner,
    superuserUrl: superuserOf(embedded),
  };
}

function superuserOf({ home, urls }: EmbeddedDatabase): string {
  const url = new URL(urls.owner);
  url.username = 'postgres';
  url.password = home.passwords().superuser;
  return url.href;
}

type Ids = Omit<Ground, 'applicationUrl' | 'ownerUrl' | 'superuserUrl' | 'stop'>;

async function fill(ownerUrl: string): Promise<Ids> {
  const owner = new Connection({ connectionString: ownerUrl });
  await owner.connect();
  try {
    const { rows: places } = await owner.query<
      Omit<Ids, 'sessionId' | 'orderIds'> & { registerId: string }
    >(
      `SELECT b.company_id AS "companyId", b.id AS "branchId", r.id AS "registerId", u.id AS "cashierId"
       FROM base_branch b JOIN base_register r ON r.branch_id = b.id
       JOIN base_user u ON u.login = 'vendedora' WHERE b.code = 'CENTRO' ORDER BY r.code LIMIT 1`,
    );
    const [place] = places;
    if (!place) throw new Error('no demo company');
    const { companyId, branchId, registerId, cashierId } = place;
    const { rows: sessions } = await owner.query<{ id: string }>(
      `INSERT INTO payments_cash_session (id, company_id, created_at, updated_at, version, branch_id,
         register_id, cashier_id, business_date, state, opening_amount, blind_counts)
       VALUES (gen_random_uuid(), $1, now(), now(), 1, $2, $3, $4, current_date, 'open', 0, 0) RETURNING id`,
      [companyId, branchId, registerId, cashierId],
    );
    const { rows: orders } = await owner.query<{ id: string }>(
      `INSERT INTO sales_order (id, company_id, created_at, updated_at, version, branch_id, number,
         ticket, state, business_date, total, paid_amount)
       SELECT gen_random_uuid(), $1, now(), now(), 1, $2, n, 'CENTRO-' || n, 'received', current_date,
         900000000000, 0 FROM generate_series(1, $3::integer) n RETURNING id`,
      [companyId, branchId, ORDERS],
    );
    // Only what was filled, as autovacuum does: of a table that is known to be empty, PostgreSQL would
    // prepare statements that read the whole of it, and keep them while it grows.
    await owner.query('ANALYZE sales_order');
    const orderIds = orders.map(({ id }) => id);
    return { companyId, branchId, cashierId, sessionId: sessions[0]?.id ?? '', orderIds };
  } finally {
    await owner.end();
  }
}

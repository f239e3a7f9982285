import type { DataSource } from 'typeorm';
import type { Addon } from './addon.js';
import { whyNotWithout } from './absence.js';
import { isNewer, pendingMigrations, readInstalled } from './installed.js';
import type { InstalledAddon, Query } from './installed.js';
import { inDependencyOrder } from './order.js';
import { addonFaults } from './verify.js';

/** The house refuses to start; every reason at once. */
export class BootRefused extends Error {
  constructor(readonly faults: readonly string[]) {
    super(['OFITEC does not start:', ...faults.map((fault) => `  - ${fault}`)].join('\n'));
  }
}

/**
 * Which addons this database has installed, with their dependencies, those that a newer release brought in and
 * that this code serves without, and everything that forbids starting with them.
 */
export async function composeInstalled(
  dataSource: DataSource,
  kernel: Addon,
  available: readonly Addon[],
): Promise<{ addons: Addon[]; absent: InstalledAddon[]; faults: string[] }> {
  const query: Query = (sql, parameters) => dataSource.query(sql, parameters);
  const installed = await readInstalled(query);
  if (!installed) {
    return {
      addons: [],
      absent: [],
      faults: ['the database was never migrated; run: ofitec migrate'],
    };
  }
  const byName = new Map([kernel, ...available].map((addon) => [addon.name, addon]));
  const missing = installed.filter(({ name }) => !byName.has(name));
  const reasons = missing.map((addon) => whyNotWithout(addon, kernel.version));
  const addons = inDependencyOrder(
    installed.flatMap(({ name }) => byName.get(name) ?? []).filter((addon) => addon !== kernel),
  );
  const ahead = installed.filter(({ name, servesFrom }) =>
    isNewer(servesFrom, byName.get(name)?.version ?? servesFrom),
  );
  const absent = addons.filter((addon) => !installed.some(({ name }) => name === addon.name));
  const pending = await pendingMigrations(query, [kernel, ...addons]);
  return {
    addons,
    absent: missing.filter((_, n) => reasons[n] === null),
    faults: [
      ...reasons.filter((reason) => reason !== null),
      ...ahead.map(
        ({ name, version, servesFrom }) =>
          `addon ${name} is installed as ${version}, newer than the code; it serves ${servesFrom} and later`,
      ),
      ...absent.map(({ name }) => `addon ${name} is needed but not installed; run: ofitec migrate`),
      ...pending.map(
        ({ addon, migration }) =>
          `${addon}: migration ${migration} is pending; run: ofitec migrate`,
      ),
      ...(await roleFaults(query)),
      ...addonFaults([kernel, ...addons]),
    ],
  };
}

/** The application connects as a role that row-level security binds, or not at all. */
async function roleFaults(query: Query): Promise<string[]> {
  const [role] = await query<{ name: string; exempt: boolean; owns: boolean; creates: boolean }>(`
    SELECT current_user AS name,
      (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) AS exempt,
      EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND pg_has_role(current_user, c.relowner, 'MEMBER')) AS owns,
      has_schema_privilege(current_user, 'public', 'CREATE') AS creates`);
  if (!role) return [];
  const hint = 'DATABASE_URL must name the application role (infra/postgresql/roles.sql)';
  return [
    ...(role.exempt ? [`role ${role.name} bypasses row-level security; ${hint}`] : []),
    ...(role.owns ? [`role ${role.name} owns tables; ${hint}`] : []),
    ...(role.creates ? [`role ${role.name} may create tables; ${hint}`] : []),
  ];
}

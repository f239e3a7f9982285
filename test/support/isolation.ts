import type { House } from './house.js';

/** The SECURITY DEFINER functions that see beyond one company, each opened by a migration on purpose. */
const DOORS = [
  'audit_cut_prefix',
  'audit_events_after',
  'audit_forget_texts',
  'audit_remove_withdrawn',
  'auth_find_api_key',
  'auth_find_login',
  'auth_find_session',
  'auth_find_terminal',
  'kernel_ensure_event_partitions',
  'kernel_pending_backlog',
  'kernel_take_pending',
  'operational_alerts_due',
  'operational_alerts_find_heartbeat',
  'operational_alerts_find_source',
  'operational_alerts_standbys',
  'payments_forget_texts',
  'security_csp_enforcing',
  'security_csp_find_app',
  'sii_connector_file_elsewhere',
  'sii_connector_find_webhook',
];

interface CompanyTable {
  readonly name: string;
  readonly view: boolean;
  readonly policy: boolean;
  readonly invoker: boolean;
}

/** Every table and view with `company_id` that the application or read-only role can touch. */
export async function companyTables(house: House): Promise<CompanyTable[]> {
  return house.rows<CompanyTable>(
    'owner',
    `SELECT c.relname AS name, c.relkind IN ('v', 'm') AS view,
       c.relrowsecurity AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid) AS policy,
       coalesce('security_invoker=true' = ANY(c.reloptions), false) AS invoker
     FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
       AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'company_id')
       AND (has_any_column_privilege('ofitec_app', c.oid, 'SELECT, INSERT, UPDATE')
         OR has_table_privilege('ofitec_app', c.oid, 'DELETE, TRUNCATE')
         OR has_any_column_privilege('ofitec_readonly', c.oid, 'SELECT, INSERT, UPDATE'))`,
  );
}

/** Every way in this database around the isolation of companies, sorted; empty when there is none. */
export async function isolationFaults(house: House): Promise<string[]> {
  const tables = await companyTables(house);
  return [
    ...tables.filter((t) => !t.view && !t.policy).map((t) => `table ${t.name} has no policy`),
    ...tables
      .filter((t) => t.view && !t.invoker)
      .map((t) => `view ${t.name} shows what its owner sees`),
    ...(await shortKeys(house)),
    ...(await doorFaults(house)),
  ].sort();
}

async function shortKeys(house: House): Promise<string[]> {
  const keys = await house.rows<{ name: string }>(
    'owner',
    `SELECT k.conrelid::regclass || ' ' || k.conname AS name FROM pg_constraint k
     WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace
       AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = k.confrelid AND a.attname = 'company_id')
       AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = k.conrelid
         AND a.attname = 'company_id' AND a.attnum = ANY(k.conkey))`,
  );
  return keys.map(({ name }) => `foreign key ${name} lacks company_id`);
}

async function doorFaults(house: House): Promise<string[]> {
  const doors = await house.rows<{ name: string; path: string[] | null; everybody: boolean }>(
    'owner',
    `SELECT proname AS name, proconfig AS path,
       has_function_privilege('public', oid, 'EXECUTE') AS everybody
     FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace`,
  );
  return doors.flatMap(({ name, path, everybody }) => [
    ...(DOORS.includes(name) ? [] : [`door ${name} is unknown`]),
    ...(everybody ? [`door ${name} is open to everybody`] : []),
    ...(path?.some((each) => each.startsWith('search_path='))
      ? []
      : [`door ${name} trusts the search_path`]),
  ]);
}

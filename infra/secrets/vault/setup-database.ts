import { readJson } from '../json-file.js';
import type { Provision } from './provision.js';
import { writePolicy, writeRole } from './provision.js';
import type { Vault } from './vault.js';

/** What `setup --database` is given. */
interface DatabaseOptions {
  /** As Vault's API takes it: `connection_url` with `{{username}}` and `{{password}}`, both of them. */
  readonly connection: Readonly<Record<string, unknown>>;
  /** `default_ttl` and `max_ttl`. */
  readonly role: Readonly<Record<string, unknown>>;
  /** The role whose members the logins are. */
  readonly member: string;
}

const CREATE = (member: string): string =>
  `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE ${member}`;
/** Whoever is still connected with it has had its time. */
const REVOKE = [
  `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}'`,
  'DROP ROLE IF EXISTS "{{name}}"',
];
/** Hosts keep one token; stopped for less than a third of it they lose nothing. */
const PERIOD_SECONDS = 7_200;

/** @throws Error when the file holds no such options */
export function readDatabase(file: string): DatabaseOptions {
  const options = (readJson(file) ?? {}) as Partial<DatabaseOptions>;
  const { connection, role = {}, member = 'ofitec_app' } = options;
  if (typeof connection !== 'object' || typeof role !== 'object') {
    throw new Error(`${file} must hold connection, and may hold role and member.`);
  }
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(member)) throw new Error(`${member} is no plain role name.`);
  return { connection, role, member };
}

/**
 * Lets Vault make logins of the database: its engine, the role `ofitec-app` whose logins are members of
 * the application's role and own nothing, and the sign-in of hosts that borrow them, by a periodic token.
 */
export async function setUpDatabase(
  vault: Vault,
  { connection, role, member }: DatabaseOptions,
): Promise<Provision[]> {
  const { data } = await vault.call('sys/mounts');
  const isNew = !('database/' in data);
  if (isNew) await vault.call('sys/mounts/database', { body: { type: 'database' } });
  const config = {
    ...connection,
    plugin_name: 'postgresql-database-plugin',
    allowed_roles: ['ofitec-app'],
    // Otherwise the password itself is in the statement, and so in PostgreSQL's log.
    password_authentication: 'scram-sha-256',
  };
  await vault.call('database/config/ofitec', { body: config, repeatable: true });
  const body = {
    default_ttl: '3h',
    max_ttl: '24h',
    ...role,
    db_name: 'ofitec',
    creation_statements: [CREATE(member)],
    revocation_statements: REVOKE,
  };
  await vault.call('database/roles/ofitec-app', { body, repeatable: true });
  const done = isNew ? 'made' : 'changed';
  return [
    { what: 'secrets engine database', done, note: `logins are members of ${member}` },
    await writePolicy(vault, 'ofitec-lease', 'policies/ofitec-lease.hcl'),
    await writeRole(vault, 'ofitec-lease', { secretIdDays: 400, periodSeconds: PERIOD_SECONDS }),
  ];
}

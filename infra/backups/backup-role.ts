import { clientTo } from '#kernel';

/** Its login goes by for others, and must never be made anew here. */
const OTHERS = /^(postgres|ofitec_(owner|app|readonly))$/;

/**
 * Makes the login that takes dumps as infra/postgresql/backup.sql makes it, with the password of the settings: a new
 * cluster knows names and memberships from its manifest, but no password, no BYPASSRLS and no right to connect. Without
 * it a restored shop takes money and no backup.
 *
 * @param superuserUrl the restored database, as its superuser
 * @param backupUrl BACKUP_DATABASE_URL; null where none is set
 * @returns what was done, in words for people
 */
export async function giveBackupRoleBack(
  superuserUrl: string,
  backupUrl: string | null,
): Promise<string> {
  const { username, password } = new URL(backupUrl ?? 'postgres:');
  const [name, secret] = [decodeURIComponent(username), decodeURIComponent(password)];
  if (name === '' || secret === '' || OTHERS.test(name)) {
    return 'BACKUP_DATABASE_URL names no login of its own: run infra/postgresql/backup.sql, and set its password';
  }
  const client = clientTo(superuserUrl, { application_name: 'ofitec backup' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const role = client.escapeIdentifier(name);
    const database = client.escapeIdentifier(new URL(superuserUrl).pathname.slice(1));
    const known = 'SELECT 1 FROM pg_roles WHERE rolname = $1';
    const { rowCount } = await client.query(known, [name]);
    if (rowCount === 0) await client.query(`CREATE ROLE ${role}`);
    // Neither the server's log nor a statistic is to hold the password.
    await client.query("SET log_statement = 'none'; SET log_min_error_statement = 'panic'");
    const how = `LOGIN BYPASSRLS PASSWORD ${client.escapeLiteral(secret)}`;
    await client.query(`ALTER ROLE ${role} ${how}`);
    await client.query(`GRANT pg_read_all_data TO ${role}`);
    await client.query(`GRANT CONNECT ON DATABASE ${database} TO ${role}`);
    await client.query(`ALTER ROLE ${role} SET default_transaction_read_only = on`);
    return `${name} signs in as its settings say`;
  } finally {
    await client.end().catch(() => undefined);
  }
}

import { readFileSync, statSync } from 'node:fs';
import { clientTo } from '#kernel/basics';
import type { Client } from 'pg';
import { scramVerifier } from './scram.js';

const TIMEOUT_MS = 10_000;
/** PostgreSQL's words for a login that is refused. */
const REFUSED = ['28000', '28P01'];

/** The logins of a PostgreSQL, as a role sees them that may change them. Connects for each question. */
export class Logins {
  constructor(private readonly adminUrlFile: string) {}

  /**
   * Refuses a login that could do more than the application: it must be a member of its role, own
   * nothing, and be bound by row-level security.
   */
  async demandPlain(login: string, member: string): Promise<void> {
    const [role] = await this.ask<{ powers: boolean; member: boolean; owns: boolean }>(
      `SELECT r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication
           OR r.rolconfig::text LIKE '%role=%' AS powers,
         pg_has_role(r.oid, $2::name, 'MEMBER') AS member,
         EXISTS (SELECT 1 FROM pg_shdepend d WHERE d.refclassid = 'pg_authid'::regclass
           AND d.deptype = 'o' AND pg_has_role(r.oid, d.refobjid, 'MEMBER')) AS owns
       FROM pg_roles r WHERE r.rolname = $1`,
      [login, member],
    );
    if (!role)
      throw new Error(`There is no role ${login}: infra/postgresql/rotation.sql makes it.`);
    if (role.powers) throw new Error(`Role ${login} may do more than an application.`);
    if (!role.member) throw new Error(`Role ${login} is no member of ${member}.`);
    if (role.owns) throw new Error(`Role ${login} owns something, or is a member of an owner.`);
  }

  /** Lets it sign in with a password, of which PostgreSQL gets the verifier only. */
  async open(login: string, password: string): Promise<void> {
    await this.ask(`ALTER ROLE "${login}" LOGIN PASSWORD '${scramVerifier(password)}'`);
  }

  /** Ends a login: no password, no sign-in, no connection. */
  async close(login: string): Promise<void> {
    await this.ask(`ALTER ROLE "${login}" NOLOGIN PASSWORD NULL`);
    for (let tries = 0; (await this.sessionsOf(login)) > 0; tries += 1) {
      if (tries >= 20) throw new Error(`Connections of ${login} do not end.`);
      await this.ask('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [
        login,
      ]);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Connections that a login has, of all its databases. */
  async sessionsOf(login: string): Promise<number> {
    const rows = await this.ask<{ sessions: number }>(
      'SELECT count(*)::int AS sessions FROM pg_stat_activity WHERE usename = $1',
      [login],
    );
    return rows[0]?.sessions ?? 0;
  }

  /** Whether a URL's login is taken. @throws Error when the database does not answer */
  async mayLogIn(url: string): Promise<boolean> {
    return mayLogIn(url);
  }

  private async ask<R>(sql: string, values: unknown[] = []): Promise<R[]> {
    return asking(this.adminUrl(), 'ofitec rotator', async (client) => {
      const { rows } = await client.query(sql, values);
      return rows as R[];
    });
  }

  private adminUrl(): string {
    const file = this.adminUrlFile;
    try {
      if ((statSync(file).mode & 0o007) === 0) return readFileSync(file, 'utf8').trim();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new Error(`adminUrlFile ${file} cannot be read: ${code}.`, { cause: error });
    }
    throw new Error(`adminUrlFile ${file} may be read by everybody: chmod 600.`);
  }
}

/** Whether a URL's login is taken. @throws Error when the database does not answer */
export async function mayLogIn(url: string, name = 'ofitec rotation test'): Promise<boolean> {
  try {
    return await asking(url, name, async (client) => {
      const { rows } = await client.query<{ bound: boolean }>(
        `SELECT NOT (rolsuper OR rolbypassrls) AS bound FROM pg_roles WHERE rolname = current_user`,
      );
      return rows[0]?.bound === true;
    });
  } catch (error) {
    const { code } = error as { code?: string };
    if (REFUSED.includes(code ?? '')) return false;
    throw error;
  }
}

async function asking<T>(
  url: string,
  name: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = clientTo(url, {
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
    application_name: name,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    // PostgreSQL's own words may repeat a statement; its code says enough.
    const { code, message } = error as { code?: string; message: string };
    const isPostgres = /^[0-9A-Z]{5}$/.test(code ?? '');
    const sentence = isPostgres
      ? `PostgreSQL refuses ${name} (${code})${adviceOn(code)}.`
      : message;
    throw Object.assign(new Error(sentence), { code });
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** What is to be done about a refusal. */
function adviceOn(code = ''): string {
  if (REFUSED.includes(code)) return ': the login or its password is wrong';
  if (code === '42501') return ': its role may not; infra/postgresql/rotation.sql lets it';
  return '';
}

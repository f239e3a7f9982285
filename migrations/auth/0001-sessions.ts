import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isolateCompanies, openDoor, run } from '../sql.js';

/** Credentials, sessions, and the two doors through which sign-in looks before it has a company. */
export class Sessions implements MigrationInterface {
  readonly name = 'Sessions0001';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [
      `CREATE TABLE auth_credential (
         id uuid PRIMARY KEY,
         company_id uuid NOT NULL,
         created_at timestamptz(3) NOT NULL,
         updated_at timestamptz(3) NOT NULL,
         version integer NOT NULL,
         password_hash text NOT NULL,
         FOREIGN KEY (company_id, id) REFERENCES base_user (company_id, id)
       )`,
      `CREATE TABLE auth_session (
         id uuid PRIMARY KEY,
         company_id uuid NOT NULL,
         created_at timestamptz(3) NOT NULL,
         user_id uuid NOT NULL,
         token_hash text NOT NULL UNIQUE,
         expires_at timestamptz(3) NOT NULL,
         ip text,
         FOREIGN KEY (company_id, user_id) REFERENCES base_user (company_id, id)
       )`,
      'CREATE INDEX auth_session_by_expiry ON auth_session (company_id, expires_at)',
      `CREATE FUNCTION auth_find_login(wanted text)
         RETURNS TABLE (user_id uuid, company_id uuid, login text, name text, roles text[],
                        active boolean, password_hash text)
         LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
           SELECT u.id, u.company_id, u.login, u.name, u.roles, u.active, c.password_hash
           FROM base_user u LEFT JOIN auth_credential c ON c.id = u.id
           WHERE u.login = wanted
         $$`,
      `CREATE FUNCTION auth_find_session(wanted text, at timestamptz)
         RETURNS TABLE (session_id uuid, user_id uuid, company_id uuid, login text, name text,
                        roles text[], active boolean)
         LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
           SELECT s.id, u.id, u.company_id, u.login, u.name, u.roles, u.active
           FROM auth_session s JOIN base_user u ON u.id = s.user_id
           WHERE s.token_hash = wanted AND s.expires_at > at
         $$`,
    ]);
    await isolateCompanies(runner, 'auth_credential', 'SELECT, INSERT, UPDATE');
    await isolateCompanies(runner, 'auth_session', 'SELECT, INSERT, DELETE');
    // The read-only role reads reports, not what proves identities.
    await run(runner, ['REVOKE SELECT ON auth_credential, auth_session FROM ofitec_readonly']);
    await openDoor(runner, 'auth_find_login(text)');
    await openDoor(runner, 'auth_find_session(text, timestamptz)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, [
      'DROP FUNCTION auth_find_session(text, timestamptz)',
      'DROP FUNCTION auth_find_login(text)',
      'DROP TABLE auth_session, auth_credential',
    ]);
  }
}

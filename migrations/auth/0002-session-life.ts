import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isolateCompanies, openDoor, run } from '../sql.js';

const OLD_DOOR = `CREATE FUNCTION auth_find_session(wanted text, at timestamptz)
  RETURNS TABLE (session_id uuid, user_id uuid, company_id uuid, login text, name text,
                 roles text[], active boolean)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT s.id, u.id, u.company_id, u.login, u.name, u.roles, u.active
    FROM auth_session s JOIN base_user u ON u.id = s.user_id
    WHERE s.token_hash = wanted AND s.expires_at > at
  $$`;

// One round trip: who it is, and at most once a minute that it was seen. A session that has been
// idle for too long is never touched: it is locked, and stays so.
const DOOR = `CREATE FUNCTION auth_find_session(wanted text, at timestamptz, idle interval)
  RETURNS TABLE (session_id uuid, user_id uuid, company_id uuid, login text, name text,
                 roles text[], active boolean, locked boolean, proven_at timestamptz,
                 password_changed_at timestamptz, password_initial boolean)
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH seen AS (
      UPDATE auth_session s SET last_seen_at = at
      WHERE s.token_hash = wanted AND s.expires_at > at AND s.locked_at IS NULL
        AND s.last_seen_at > at - idle
        AND s.last_seen_at <= at - least(interval '1 minute', idle / 4)
    )
    SELECT s.id, u.id, u.company_id, u.login, u.name, u.roles, u.active,
      s.locked_at IS NOT NULL OR s.last_seen_at <= at - idle, s.proven_at,
      c.changed_at, coalesce(c.initial, false)
    FROM auth_session s JOIN base_user u ON u.id = s.user_id
    LEFT JOIN auth_credential c ON c.id = u.id
    WHERE s.token_hash = wanted AND s.expires_at > at
  $$`;

const OLD_LOGIN = `CREATE FUNCTION auth_find_login(wanted text)
  RETURNS TABLE (user_id uuid, company_id uuid, login text, name text, roles text[],
                 active boolean, password_hash text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT u.id, u.company_id, u.login, u.name, u.roles, u.active, c.password_hash
    FROM base_user u LEFT JOIN auth_credential c ON c.id = u.id
    WHERE u.login = wanted
  $$`;

const LOGIN = `CREATE FUNCTION auth_find_login(wanted text)
  RETURNS TABLE (user_id uuid, company_id uuid, login text, name text, roles text[],
                 active boolean, password_hash text, initial_until timestamptz)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT u.id, u.company_id, u.login, u.name, u.roles, u.active, c.password_hash,
      c.initial_until
    FROM base_user u LEFT JOIN auth_credential c ON c.id = u.id
    WHERE u.login = wanted
  $$`;

/** Locking, PINs, initial and expiring passwords, and the memory of failed attempts. */
export class SessionLife implements MigrationInterface {
  readonly name = 'SessionLife0002';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [
      `ALTER TABLE auth_credential
         ADD COLUMN changed_at timestamptz(3),
         ADD COLUMN initial boolean NOT NULL DEFAULT false,
         ADD COLUMN initial_until timestamptz(3),
         ADD COLUMN pin_hash text`,
      'UPDATE auth_credential SET changed_at = updated_at',
      'ALTER TABLE auth_credential ALTER COLUMN changed_at SET NOT NULL',
      `CREATE TABLE auth_password_history (
         id uuid PRIMARY KEY,
         company_id uuid NOT NULL,
         created_at timestamptz(3) NOT NULL,
         user_id uuid NOT NULL,
         password_hash text NOT NULL,
         FOREIGN KEY (company_id, user_id) REFERENCES base_user (company_id, id)
       )`,
      'CREATE INDEX auth_password_history_by_user ON auth_password_history (user_id, created_at)',
      `ALTER TABLE auth_session
         ADD COLUMN last_seen_at timestamptz(3),
         ADD COLUMN locked_at timestamptz(3),
         ADD COLUMN proven_at timestamptz(3),
         ADD COLUMN pin_failures integer NOT NULL DEFAULT 0,
         ADD COLUMN user_agent text`,
      'UPDATE auth_session SET last_seen_at = created_at, proven_at = created_at',
      `ALTER TABLE auth_session ALTER COLUMN last_seen_at SET NOT NULL,
         ALTER COLUMN proven_at SET NOT NULL`,
      'CREATE INDEX auth_session_by_user ON auth_session (company_id, user_id)',
      'GRANT UPDATE ON auth_session TO ofitec_app',
      // Of no company: an attempt is judged before anybody knows whose login it names. Keys are
      // hashes; the table tells neither logins nor addresses.
      `CREATE TABLE auth_attempt (
         key text PRIMARY KEY,
         failures integer NOT NULL,
         last_at timestamptz(3) NOT NULL,
         retry_at timestamptz(3) NOT NULL
       )`,
      'CREATE INDEX auth_attempt_by_time ON auth_attempt (last_at)',
      `CREATE TABLE auth_familiar_address (
         key text PRIMARY KEY,
         last_at timestamptz(3) NOT NULL
       )`,
      'CREATE INDEX auth_familiar_address_by_time ON auth_familiar_address (last_at)',
      'GRANT SELECT, INSERT, UPDATE, DELETE ON auth_attempt, auth_familiar_address TO ofitec_app',
      'DROP FUNCTION auth_find_session(text, timestamptz)',
      'DROP FUNCTION auth_find_login(text)',
      DOOR,
      LOGIN,
    ]);
    await isolateCompanies(runner, 'auth_password_history', 'SELECT, INSERT, DELETE');
    await run(runner, ['REVOKE SELECT ON auth_password_history FROM ofitec_readonly']);
    await openDoor(runner, 'auth_find_session(text, timestamptz, interval)');
    await openDoor(runner, 'auth_find_login(text)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, [
      'DROP FUNCTION auth_find_session(text, timestamptz, interval)',
      'DROP FUNCTION auth_find_login(text)',
      'DROP TABLE auth_attempt, auth_familiar_address, auth_password_history',
      'REVOKE UPDATE ON auth_session FROM ofitec_app',
      'DROP INDEX auth_session_by_user',
      `ALTER TABLE auth_session DROP COLUMN last_seen_at, DROP COLUMN locked_at,
         DROP COLUMN proven_at, DROP COLUMN pin_failures, DROP COLUMN user_agent`,
      `ALTER TABLE auth_credential DROP COLUMN changed_at, DROP COLUMN initial,
         DROP COLUMN initial_until, DROP COLUMN pin_hash`,
      OLD_DOOR,
      OLD_LOGIN,
    ]);
    await openDoor(runner, 'auth_find_session(text, timestamptz)');
    await openDoor(runner, 'auth_find_login(text)');
  }
}

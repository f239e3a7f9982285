import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isolateCompanies, openDoor, run } from '../sql.js';

const OLD_SESSION = `CREATE FUNCTION auth_find_session(wanted text, at timestamptz, idle interval)
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

// As before, with what a second factor needs; a session at a terminal idles by its own measure.
const SESSION = `CREATE FUNCTION auth_find_session(wanted text, at timestamptz, idle interval,
                                                   terminal_idle interval)
  RETURNS TABLE (session_id uuid, user_id uuid, company_id uuid, login text, name text,
                 roles text[], active boolean, locked boolean, proven_at timestamptz,
                 password_changed_at timestamptz, password_initial boolean,
                 code_proven_at timestamptz, terminal_id uuid, totp boolean, totp_exempt boolean)
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH found AS (
      SELECT f.*, CASE WHEN f.terminal_id IS NULL THEN idle ELSE terminal_idle END AS patience
      FROM auth_session f WHERE f.token_hash = wanted AND f.expires_at > at
    ), seen AS (
      UPDATE auth_session s SET last_seen_at = at FROM found
      WHERE s.id = found.id AND s.token_hash = wanted AND s.expires_at > at
        AND s.locked_at IS NULL AND s.last_seen_at > at - patience
        AND s.last_seen_at <= at - least(interval '1 minute', patience / 4)
    )
    SELECT s.id, u.id, u.company_id, u.login, u.name, u.roles, u.active,
      s.locked_at IS NOT NULL OR s.last_seen_at <= at - s.patience, s.proven_at,
      c.changed_at, coalesce(c.initial, false),
      s.code_proven_at, s.terminal_id, t.confirmed_at IS NOT NULL, coalesce(c.totp_exempt, false)
    FROM found s JOIN base_user u ON u.id = s.user_id
    LEFT JOIN auth_credential c ON c.id = u.id
    LEFT JOIN auth_totp t ON t.id = u.id
  $$`;

const OLD_LOGIN = `CREATE FUNCTION auth_find_login(wanted text)
  RETURNS TABLE (user_id uuid, company_id uuid, login text, name text, roles text[],
                 active boolean, password_hash text, initial_until timestamptz)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT u.id, u.company_id, u.login, u.name, u.roles, u.active, c.password_hash,
      c.initial_until
    FROM base_user u LEFT JOIN auth_credential c ON c.id = u.id
    WHERE u.login = wanted
  $$`;

const LOGIN = `CREATE FUNCTION auth_find_login(wanted text)
  RETURNS TABLE (user_id uuid, company_id uuid, login text, name text, roles text[],
                 active boolean, password_hash text, initial_until timestamptz, bot boolean,
                 changed_at timestamptz, pin_hash text, pin_failures integer, totp boolean,
                 totp_exempt boolean)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT u.id, u.company_id, u.login, u.name, u.roles, u.active, c.password_hash,
      c.initial_until, u.bot, c.changed_at, c.pin_hash, coalesce(c.pin_failures, 0),
      t.confirmed_at IS NOT NULL, coalesce(c.totp_exempt, false)
    FROM base_user u LEFT JOIN auth_credential c ON c.id = u.id
    LEFT JOIN auth_totp t ON t.id = u.id
    WHERE u.login = wanted
  $$`;

// One round trip, as for a session: who it is, and at most once a minute that the key was used.
const API_KEY = `CREATE FUNCTION auth_find_api_key(wanted text, at timestamptz)
  RETURNS TABLE (user_id uuid, company_id uuid, login text, name text, roles text[],
                 active boolean, scopes text[])
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH used AS (
      UPDATE auth_api_key k SET last_used_at = at
      FROM base_user u
      WHERE k.secret_hash = wanted AND k.expires_at > at AND k.revoked_at IS NULL
        AND u.id = k.user_id AND u.active AND u.bot
        AND coalesce(k.last_used_at <= at - interval '1 minute', true)
    )
    SELECT u.id, u.company_id, u.login, u.name, u.roles, u.active, k.scopes
    FROM auth_api_key k JOIN base_user u ON u.id = k.user_id
    WHERE k.secret_hash = wanted AND k.expires_at > at AND k.revoked_at IS NULL AND u.bot
  $$`;

const TERMINAL = `CREATE FUNCTION auth_find_terminal(wanted text, at timestamptz)
  RETURNS TABLE (terminal_id uuid, company_id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT t.id, t.company_id FROM auth_terminal t
    WHERE t.token_hash = wanted AND t.expires_at > at AND t.revoked_at IS NULL
  $$`;

const TABLES = [
  `CREATE TABLE auth_totp (
     id uuid PRIMARY KEY,
     company_id uuid NOT NULL,
     created_at timestamptz(3) NOT NULL,
     updated_at timestamptz(3) NOT NULL,
     version integer NOT NULL,
     secret text NOT NULL,
     confirmed_at timestamptz(3),
     last_step integer NOT NULL,
     FOREIGN KEY (company_id, id) REFERENCES base_user (company_id, id)
   )`,
  `CREATE TABLE auth_recovery_code (
     id uuid PRIMARY KEY,
     company_id uuid NOT NULL,
     created_at timestamptz(3) NOT NULL,
     user_id uuid NOT NULL,
     code_hash text NOT NULL,
     UNIQUE (user_id, code_hash),
     FOREIGN KEY (company_id, user_id) REFERENCES base_user (company_id, id)
   )`,
  `CREATE TABLE auth_api_key (
     id uuid PRIMARY KEY,
     company_id uuid NOT NULL,
     created_at timestamptz(3) NOT NULL,
     updated_at timestamptz(3) NOT NULL,
     version integer NOT NULL,
     user_id uuid NOT NULL,
     name text NOT NULL,
     prefix text NOT NULL,
     secret_hash text NOT NULL UNIQUE,
     scopes text[] NOT NULL,
     expires_at timestamptz(3) NOT NULL,
     last_used_at timestamptz(3),
     revoked_at timestamptz(3),
     created_by uuid NOT NULL,
     FOREIGN KEY (company_id, user_id) REFERENCES base_user (company_id, id),
     FOREIGN KEY (company_id, created_by) REFERENCES base_user (company_id, id)
   )`,
  'CREATE INDEX auth_api_key_by_user ON auth_api_key (company_id, user_id)',
  `CREATE TABLE auth_terminal (
     id uuid PRIMARY KEY,
     company_id uuid NOT NULL,
     created_at timestamptz(3) NOT NULL,
     updated_at timestamptz(3) NOT NULL,
     version integer NOT NULL,
     name text NOT NULL,
     branch_id uuid,
     token_hash text NOT NULL UNIQUE,
     expires_at timestamptz(3) NOT NULL,
     last_used_at timestamptz(3),
     revoked_at timestamptz(3),
     registered_by uuid NOT NULL,
     UNIQUE (company_id, id),
     FOREIGN KEY (company_id, branch_id) REFERENCES base_branch (company_id, id),
     FOREIGN KEY (company_id, registered_by) REFERENCES base_user (company_id, id)
   )`,
];

/** TOTP with recovery codes, API keys of bots, shared terminals. */
export class Factors implements MigrationInterface {
  readonly name = 'Factors0003';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [
      ...TABLES,
      `ALTER TABLE auth_credential
         ADD COLUMN totp_exempt boolean NOT NULL DEFAULT false,
         ADD COLUMN pin_failures integer NOT NULL DEFAULT 0`,
      `ALTER TABLE auth_session
         ALTER COLUMN proven_at DROP NOT NULL,
         ADD COLUMN code_proven_at timestamptz(3),
         ADD COLUMN terminal_id uuid,
         ADD FOREIGN KEY (company_id, terminal_id) REFERENCES auth_terminal (company_id, id)`,
      // One person at a time stands before a terminal.
      `CREATE UNIQUE INDEX auth_session_one_per_terminal ON auth_session (terminal_id)
         WHERE terminal_id IS NOT NULL`,
      'DROP FUNCTION auth_find_session(text, timestamptz, interval)',
      'DROP FUNCTION auth_find_login(text)',
      SESSION,
      LOGIN,
      API_KEY,
      TERMINAL,
    ]);
    await isolateCompanies(runner, 'auth_totp', 'SELECT, INSERT, UPDATE, DELETE');
    await isolateCompanies(runner, 'auth_recovery_code', 'SELECT, INSERT, DELETE');
    await isolateCompanies(runner, 'auth_api_key', 'SELECT, INSERT, UPDATE');
    await isolateCompanies(runner, 'auth_terminal', 'SELECT, INSERT, UPDATE');
    await run(runner, [
      `REVOKE SELECT ON auth_totp, auth_recovery_code, auth_api_key, auth_terminal
         FROM ofitec_readonly`,
    ]);
    await openDoor(runner, 'auth_find_session(text, timestamptz, interval, interval)');
    await openDoor(runner, 'auth_find_login(text)');
    await openDoor(runner, 'auth_find_api_key(text, timestamptz)');
    await openDoor(runner, 'auth_find_terminal(text, timestamptz)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, [
      'DROP FUNCTION auth_find_terminal(text, timestamptz)',
      'DROP FUNCTION auth_find_api_key(text, timestamptz)',
      'DROP FUNCTION auth_find_session(text, timestamptz, interval, interval)',
      'DROP FUNCTION auth_find_login(text)',
      // Sessions that the older code could not judge.
      'DELETE FROM auth_session WHERE proven_at IS NULL OR terminal_id IS NOT NULL',
      `ALTER TABLE auth_session DROP COLUMN terminal_id, DROP COLUMN code_proven_at,
         ALTER COLUMN proven_at SET NOT NULL`,
      'ALTER TABLE auth_credential DROP COLUMN totp_exempt, DROP COLUMN pin_failures',
      'DROP TABLE auth_terminal, auth_api_key, auth_recovery_code, auth_totp',
      OLD_SESSION,
      OLD_LOGIN,
    ]);
    await openDoor(runner, 'auth_find_session(text, timestamptz, interval)');
    await openDoor(runner, 'auth_find_login(text)');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';
import { run } from '../sql.js';

const OLD_SESSION = `CREATE OR REPLACE FUNCTION auth_find_session(wanted text, at timestamptz, idle interval,
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

const OLD_API_KEY = `CREATE OR REPLACE FUNCTION auth_find_api_key(wanted text, at timestamptz)
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

// Rows and conditions as before. PostgreSQL plans the statements of a function in SQL at every call,
// and starts the UPDATE also where nothing is due; those of a function in PL/pgSQL keep their plans.
const SESSION = `CREATE OR REPLACE FUNCTION auth_find_session(wanted text, at timestamptz, idle interval,
                                                   terminal_idle interval)
  RETURNS TABLE (session_id uuid, user_id uuid, company_id uuid, login text, name text,
                 roles text[], active boolean, locked boolean, proven_at timestamptz,
                 password_changed_at timestamptz, password_initial boolean,
                 code_proven_at timestamptz, terminal_id uuid, totp boolean, totp_exempt boolean)
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  #variable_conflict use_column
  DECLARE
    found record;
    patience interval;
  BEGIN
    SELECT s.id, s.user_id, u.company_id, u.login, u.name, u.roles, u.active, s.locked_at,
      s.last_seen_at, s.proven_at, c.changed_at, c.initial, s.code_proven_at, s.terminal_id,
      t.confirmed_at, c.totp_exempt
      INTO found
    FROM auth_session s JOIN base_user u ON u.id = s.user_id
    LEFT JOIN auth_credential c ON c.id = u.id
    LEFT JOIN auth_totp t ON t.id = u.id
    WHERE s.token_hash = wanted AND s.expires_at > at;
    IF found.id IS NULL THEN
      RETURN;
    END IF;
    patience := CASE WHEN found.terminal_id IS NULL THEN idle ELSE terminal_idle END;
    locked := found.locked_at IS NOT NULL OR found.last_seen_at <= at - patience;
    IF NOT locked AND found.last_seen_at <= at - least(interval '1 minute', patience / 4) THEN
      UPDATE auth_session s SET last_seen_at = at
      WHERE s.id = found.id AND s.token_hash = wanted AND s.expires_at > at
        AND s.locked_at IS NULL AND s.last_seen_at > at - patience
        AND s.last_seen_at <= at - least(interval '1 minute', patience / 4);
    END IF;
    session_id := found.id;
    user_id := found.user_id;
    company_id := found.company_id;
    login := found.login;
    name := found.name;
    roles := found.roles;
    active := found.active;
    proven_at := found.proven_at;
    password_changed_at := found.changed_at;
    password_initial := coalesce(found.initial, false);
    code_proven_at := found.code_proven_at;
    terminal_id := found.terminal_id;
    totp := found.confirmed_at IS NOT NULL;
    totp_exempt := coalesce(found.totp_exempt, false);
    RETURN NEXT;
  END $$`;

const API_KEY = `CREATE OR REPLACE FUNCTION auth_find_api_key(wanted text, at timestamptz)
  RETURNS TABLE (user_id uuid, company_id uuid, login text, name text, roles text[],
                 active boolean, scopes text[])
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  #variable_conflict use_column
  DECLARE
    found record;
  BEGIN
    SELECT k.id, k.user_id, u.company_id, u.login, u.name, u.roles, u.active, k.scopes,
      k.last_used_at
      INTO found
    FROM auth_api_key k JOIN base_user u ON u.id = k.user_id
    WHERE k.secret_hash = wanted AND k.expires_at > at AND k.revoked_at IS NULL AND u.bot;
    IF found.id IS NULL THEN
      RETURN;
    END IF;
    IF found.active AND coalesce(found.last_used_at <= at - interval '1 minute', true) THEN
      UPDATE auth_api_key k SET last_used_at = at
      WHERE k.id = found.id AND k.secret_hash = wanted AND k.expires_at > at AND k.revoked_at IS NULL
        AND coalesce(k.last_used_at <= at - interval '1 minute', true);
    END IF;
    user_id := found.user_id;
    company_id := found.company_id;
    login := found.login;
    name := found.name;
    roles := found.roles;
    active := found.active;
    scopes := found.scopes;
    RETURN NEXT;
  END $$`;

/** Who a token belongs to is asked with every request: the plans of that question are kept. */
export class KeptPlans implements MigrationInterface {
  readonly name = 'KeptPlans0004';

  async up(runner: QueryRunner): Promise<void> {
    await run(runner, [SESSION, API_KEY]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await run(runner, [OLD_SESSION, OLD_API_KEY]);
  }
}

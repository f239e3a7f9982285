-- Logins that take turns, and the role that rotates them; after roles.sql, as a superuser:
--   psql -f infra/postgresql/rotation.sql
-- Set the rotator's password afterwards with \password ofitec_rotator. The two logins get theirs from
-- `ofitec secrets rotate db`: until then nobody signs in as them. They are members of the application
-- role, own nothing and may do nothing else; row-level security binds them as it binds ofitec_app.
CREATE ROLE ofitec_app_a NOLOGIN INHERIT IN ROLE ofitec_app;
CREATE ROLE ofitec_app_b NOLOGIN INHERIT IN ROLE ofitec_app;
CREATE ROLE ofitec_rotator LOGIN CREATEROLE;
-- It ends what is left of an old login's connections, and counts them in pg_stat_activity.
GRANT pg_signal_backend TO ofitec_rotator;
DO $$
BEGIN
  -- From 16 on CREATEROLE reaches only roles that one administers; it need not act as them.
  IF current_setting('server_version_num')::int >= 160000 THEN
    EXECUTE 'GRANT ofitec_app, ofitec_app_a, ofitec_app_b TO ofitec_rotator
      WITH ADMIN TRUE, INHERIT FALSE, SET FALSE';
  END IF;
END
$$;

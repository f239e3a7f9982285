-- Who makes and drops the logins that Vault leases (`ofitec secrets setup --database`); after roles.sql, as a
-- superuser: psql -f infra/postgresql/leases.sql
-- Set its password afterwards with \password ofitec_leaser. The logins that it makes are members of the
-- application role, own nothing and may do nothing else.
CREATE ROLE ofitec_leaser LOGIN CREATEROLE;
-- It ends what is left of the connections of a login whose time is over.
GRANT pg_signal_backend TO ofitec_leaser;
DO $$
BEGIN
  -- From 16 on CREATEROLE reaches only roles that one administers; it need not act as them.
  IF current_setting('server_version_num')::int >= 160000 THEN
    EXECUTE 'GRANT ofitec_app TO ofitec_leaser WITH ADMIN TRUE, INHERIT FALSE, SET FALSE';
  END IF;
END
$$;

-- The role that takes dumps, after roles.sql, as a superuser:
--   psql -v database=ofitec -f infra/postgresql/backup.sql
-- Set its password afterwards with \password ofitec_backup. It reads every row of every company, past row-level
-- security, and writes nothing: a dump that a policy thins out would be a backup that nobody notices is none.
CREATE ROLE ofitec_backup LOGIN BYPASSRLS;
GRANT pg_read_all_data TO ofitec_backup;
GRANT CONNECT ON DATABASE :"database" TO ofitec_backup;
ALTER ROLE ofitec_backup SET default_transaction_read_only = on;

-- The three roles of OFITEC, once per PostgreSQL cluster, as a superuser:
--   psql -v database=ofitec -f infra/postgresql/roles.sql
-- Set the passwords afterwards with \password, so that none stands in a file or in a log.
--   ofitec_owner     owns tables and migrates                 DATABASE_OWNER_URL
--   ofitec_app       reads and writes rows, no DDL            DATABASE_URL
--   ofitec_readonly  reads, under the same row-level security
CREATE ROLE ofitec_owner LOGIN;
CREATE ROLE ofitec_app LOGIN;
CREATE ROLE ofitec_readonly LOGIN;
-- How far standbys are is seen by nobody else; one function of the owner tells the application.
GRANT pg_read_all_stats TO ofitec_owner;
CREATE DATABASE :"database" OWNER ofitec_owner;
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO ofitec_app, ofitec_readonly;
-- COPY into a table under row-level security goes through a temporary one.
GRANT TEMPORARY ON DATABASE :"database" TO ofitec_app;

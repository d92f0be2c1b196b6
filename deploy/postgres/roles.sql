-- The two roles of Citewell in PostgreSQL 15 or later, and what each of them may. Once, as a superuser:
--
--   createdb --encoding UTF8 --template template0 citewell
--   psql --dbname citewell --single-transaction --file roles.sql
--
-- Then give both a way to sign in: \password citewell_owner, \password citewell_node, or lines in pg_hba.conf.

CREATE EXTENSION IF NOT EXISTS vector SCHEMA public;

-- Makes the tables, and brings them up to date after an update of the program.
CREATE ROLE citewell_owner LOGIN;
-- What every node is: it reads and writes rows, and makes, alters and drops nothing.
CREATE ROLE citewell_node LOGIN;

-- Nobody else comes in, and nobody makes tables of their own.
DO $$ BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO citewell_owner, citewell_node', current_database());
END $$;

CREATE SCHEMA citewell AUTHORIZATION citewell_owner;
GRANT USAGE ON SCHEMA citewell TO citewell_node;
-- Holds for every table that the owner makes from now on, those of later versions of the program too.
ALTER DEFAULT PRIVILEGES FOR ROLE citewell_owner IN SCHEMA citewell
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO citewell_node;

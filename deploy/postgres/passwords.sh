#!/bin/sh
# Gives the roles of roles.sql their passwords. The image of the database runs it once, when it makes the database.
set -eu
folder=${SECRETS:-/run/secrets}
psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --dbname "${POSTGRES_DB:-citewell}" \
    --set owner="$(cat "$folder/owner_password")" --set node="$(cat "$folder/node_password")" <<'SQL'
ALTER ROLE citewell_owner PASSWORD :'owner';
ALTER ROLE citewell_node PASSWORD :'node';
SQL

# A server of its own, a few queries, and its end.
folder=$(mktemp -d) && chown mysql "$folder"
options="--no-defaults --datadir=$folder/data --socket=$folder/socket"
mariadb-install-db --no-defaults --datadir="$folder/data" --user=mysql --skip-test-db >/dev/null 2>&1
mariadbd $options --user=mysql --skip-networking --skip-grant-tables --pid-file="$folder/pid" 2>/dev/null &
until mariadb-admin --no-defaults --socket="$folder/socket" ping >/dev/null 2>&1; do sleep 0.2; done
mariadb --no-defaults --socket="$folder/socket" -e "select 1; create database shop; use shop; show tables" >/dev/null
kill %1
wait
rm -r "$folder"

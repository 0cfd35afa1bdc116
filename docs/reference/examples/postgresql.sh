# A server of its own, a few queries, and its end.
folder=$(mktemp -d) && chown postgres "$folder" && cd "$folder"
programs=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
as() { runuser -u postgres -- "$@" >/dev/null 2>&1; }
as "$programs/initdb" -A trust data
as "$programs/pg_ctl" -w -D data -l log -o "-k $folder -c listen_addresses= -c autovacuum=off" start
for query in "select 1" "create table shop (name text)" "select nothing"; do
	as psql -h "$folder" -d postgres -c "$query"
done
as "$programs/pg_ctl" -w -D data stop
rm -r "$folder"

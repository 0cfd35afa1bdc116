/* run: -q -c "bash docs/reference/examples/postgresql.sh" */
/* The queries that a server of PostgreSQL gets, and how its transactions end, from the first query on. */
postgresql*:::query-start
/copyinstr(arg0) == "select 1"/
{
        asked = 1;
}

postgresql*:::query-start
/asked/
{
        printf("%s\n", copyinstr(arg0));
}

postgresql*:::transaction-commit, postgresql*:::transaction-abort
/asked/
{
        @[probename] = count();
}

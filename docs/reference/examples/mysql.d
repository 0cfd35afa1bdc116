/* run: -q -c "bash docs/reference/examples/mysql.sh" */
/* The queries that a server of MariaDB gets. */
mysql*:::query-start
{
        printf("%s\n", copyinstr(arg0));
}

/* run: -c "/usr/sbin/mariadbd --version" */
/* Refused, with the reason. */
mysql$target:::query-start
{
        trace(copyinstr(arg0));
}

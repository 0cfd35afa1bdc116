/* Without -p or -c an integer is no user address: it belongs to no process. */

BEGIN
{
	printf("%A", 1); /* error: D_PRINTF_ARG_TYPE */
}

/* %s prints strings. */

BEGIN
{
	printf("%s", 1); /* error: D_PRINTF_ARG_TYPE */
}

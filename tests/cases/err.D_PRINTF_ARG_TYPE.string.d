/* %d prints numbers. */

BEGIN
{
	printf("%d", "a"); /* error: D_PRINTF_ARG_TYPE */
}

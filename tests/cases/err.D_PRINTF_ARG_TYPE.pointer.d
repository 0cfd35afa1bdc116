/* A string is no pointer. */

BEGIN
{
	printf("%p", "x"); /* error: D_PRINTF_ARG_TYPE */
}

/* Only a stack prints with %k. */

BEGIN
{
	printf("%k", 1); /* error: D_PRINTF_ARG_TYPE */
}

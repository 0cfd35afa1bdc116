/* A width is a number. */

BEGIN
{
	printf("%*d", "a", 1); /* error: D_PRINTF_DYN_TYPE */
}

/* A size prefix asks for an integer of that size. */

BEGIN
{
	printf("%hd", 1L); /* error: D_PRINTF_ARG_TYPE */
}

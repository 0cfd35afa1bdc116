/* A size prefix asks for an integer of that size. */

BEGIN
{
	printf("%lld", 1); /* error: D_PRINTF_ARG_TYPE */
}

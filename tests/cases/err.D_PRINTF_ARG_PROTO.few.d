/* Every conversion needs an argument. */

BEGIN
{
	printf("%d %d", 1); /* error: D_PRINTF_ARG_PROTO */
}

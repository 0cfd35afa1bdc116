/* A time is a 64-bit number of nanoseconds. */

BEGIN
{
	printf("%Y", 1); /* error: D_PRINTF_ARG_TYPE */
}

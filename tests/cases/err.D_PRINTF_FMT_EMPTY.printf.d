/* A format must not be empty. */

BEGIN
{
	printf(""); /* error: D_PRINTF_FMT_EMPTY */
}

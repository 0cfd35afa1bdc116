/* printf()'s format is a string constant. */

BEGIN
{
	printf(execname); /* error: D_PRINTF_ARG_FMT */
}

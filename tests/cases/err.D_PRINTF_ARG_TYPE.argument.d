/* A translated argument has no value to print. */

proc:::create
{
	printf("%p\n", args[0]); /* error: D_PRINTF_ARG_TYPE */
}

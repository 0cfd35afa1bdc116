/* A '*' takes an argument before the value. */

BEGIN
{
	printf("%.*d"); /* error: D_PRINTF_DYN_PROTO */
}

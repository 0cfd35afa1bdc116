/* Wide strings are arrays of 32-bit characters. */

BEGIN
{
	printf("%ws", "x"); /* error: D_PRINTF_ARG_TYPE */
}

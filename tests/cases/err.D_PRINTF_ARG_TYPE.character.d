/* A character is at most an int. */

BEGIN
{
	printf("%c", 1L); /* error: D_PRINTF_ARG_TYPE */
}

/* A port is a uint16_t. */

BEGIN
{
	printf("%P", 80); /* error: D_PRINTF_ARG_TYPE */
}

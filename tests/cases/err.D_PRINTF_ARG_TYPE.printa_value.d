/* The value of an aggregation is a 64-bit number. */

BEGIN
{
	@a["x"] = count();
	printa("%s %@s\n", @a); /* error: D_PRINTF_ARG_TYPE */
}

/* A key must fit its conversion. */

BEGIN
{
	@a["x"] = count();
	printa("%d %@d\n", @a); /* error: D_PRINTF_ARG_TYPE */
}

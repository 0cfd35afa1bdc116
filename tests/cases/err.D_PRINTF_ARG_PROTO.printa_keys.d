/* printa() has no more values than the aggregation has keys. */

BEGIN
{
	@a["x"] = count();
	printa("%s %s %@d\n", @a); /* error: D_PRINTF_ARG_PROTO */
}

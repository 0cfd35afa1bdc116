/* printa() prints aggregations. */

BEGIN
{
	printa("%@d", 1); /* error: D_PRINTA_AGGARG */
}

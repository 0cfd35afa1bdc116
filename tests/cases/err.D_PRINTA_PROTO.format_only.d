/* printa() needs an aggregation. */

BEGIN
{
	printa("x"); /* error: D_PRINTA_PROTO */
}

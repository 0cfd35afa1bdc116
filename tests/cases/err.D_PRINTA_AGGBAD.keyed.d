/* An aggregation that only printa() names is none. */

BEGIN
{
	printa(@a["x"]); /* error: D_PRINTA_AGGBAD */
}

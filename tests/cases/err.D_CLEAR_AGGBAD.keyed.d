/* An aggregation that only clear() names is none. */

BEGIN
{
	clear(@a["x"]); /* error: D_CLEAR_AGGBAD */
}

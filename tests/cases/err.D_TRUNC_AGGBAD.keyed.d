/* An aggregation that only trunc() names is none. */

BEGIN
{
	trunc(@a["x"], 5); /* error: D_TRUNC_AGGBAD */
}

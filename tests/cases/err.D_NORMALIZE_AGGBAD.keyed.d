/* An aggregation that only normalize() names is none. */

BEGIN
{
	normalize(@a["x"], 5); /* error: D_NORMALIZE_AGGBAD */
}

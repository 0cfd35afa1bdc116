/* An aggregation that is truncated must be assigned somewhere. */

BEGIN
{
	trunc(@a, 5); /* error: D_TRUNC_AGGBAD */
}

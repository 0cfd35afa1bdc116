/* An aggregation that is normalized must be assigned somewhere. */

BEGIN
{
	normalize(@a, 5); /* error: D_NORMALIZE_AGGBAD */
}

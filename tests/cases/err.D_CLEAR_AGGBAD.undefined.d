/* An aggregation that is cleared must be assigned somewhere. */

BEGIN
{
	clear(@a); /* error: D_CLEAR_AGGBAD */
}

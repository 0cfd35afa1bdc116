/* An aggregation that is printed must be assigned somewhere. */

BEGIN
{
	printa(@a); /* error: D_PRINTA_AGGBAD */
}

/* An aggregation is assigned an aggregating function only. */

BEGIN
{
	@a = 5; /* error: D_AGG_FUNC */
}

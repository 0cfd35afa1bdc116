/* An aggregation has no operator but '='. */

BEGIN
{
	@a += count(); /* error: D_AGG_FUNC */
}

/* An aggregation alone is no statement. */

BEGIN
{
	@a = count();
	@a; /* error: D_AGG_NULL */
}

/* normalize() takes an aggregation and a factor. */

BEGIN
{
	@a = count();
	normalize(@a); /* error: D_NORMALIZE_PROTO */
}

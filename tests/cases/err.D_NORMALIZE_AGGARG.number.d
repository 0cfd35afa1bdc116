/* normalize() takes an aggregation. */

BEGIN
{
	normalize(3, 4); /* error: D_NORMALIZE_AGGARG */
}

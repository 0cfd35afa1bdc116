/* trunc() takes an aggregation. */

BEGIN
{
	trunc(3); /* error: D_TRUNC_AGGARG */
}

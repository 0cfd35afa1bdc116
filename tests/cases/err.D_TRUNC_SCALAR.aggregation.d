/* An aggregation is no number of entries. */

BEGIN
{
	@ = count();
	trunc(@, @); /* error: D_TRUNC_SCALAR */
}

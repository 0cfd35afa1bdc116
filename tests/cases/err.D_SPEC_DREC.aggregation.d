/* An aggregation records too. */

BEGIN
{
	@ = count();
	speculate(1); /* error: D_SPEC_DREC */
}

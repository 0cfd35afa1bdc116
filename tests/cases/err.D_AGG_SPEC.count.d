/* Aggregations cannot be speculated. */

BEGIN
{
	speculate(1);
	@ = count(); /* error: D_AGG_SPEC */
}

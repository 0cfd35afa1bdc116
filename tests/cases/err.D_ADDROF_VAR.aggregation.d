/* An aggregation has no address. */

BEGIN
{
	@a = count();
	trace(&@a); /* error: D_ADDROF_VAR */
}

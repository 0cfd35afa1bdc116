/* An aggregation that nothing assigns is not known, before it has no effect. */

BEGIN
{
	@a; /* error: D_IDENT_UNDEF */
}

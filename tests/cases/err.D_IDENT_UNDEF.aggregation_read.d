/* An aggregation that nothing assigns is not known, whatever is done with it. */

BEGIN
{
	trace(@a + 3); /* error: D_IDENT_UNDEF */
}

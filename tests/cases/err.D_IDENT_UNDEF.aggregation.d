/* An aggregation is known from its first assignment on. */

BEGIN
{
	printa(@a); /* error: D_IDENT_UNDEF */
}

BEGIN
{
	@a = count();
}

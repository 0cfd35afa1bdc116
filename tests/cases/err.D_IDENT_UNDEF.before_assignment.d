/* A variable must stand before it is read. */

BEGIN
{
	trace(later); /* error: D_IDENT_UNDEF */
	later = 1;
}

/* An unknown name. */

BEGIN
{
	trace(exename); /* error: D_IDENT_UNDEF */
}

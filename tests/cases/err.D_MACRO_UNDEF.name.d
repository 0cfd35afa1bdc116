/* An unknown macro variable. */

BEGIN
{
	trace($nosuch); /* error: D_MACRO_UNDEF */
}

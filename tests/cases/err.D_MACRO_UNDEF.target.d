/* $target needs -c or -p. */

BEGIN
{
	trace($target); /* error: D_MACRO_UNDEF */
}

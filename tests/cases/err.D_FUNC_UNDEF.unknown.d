/* An unknown function, with the nearest one in the hint. */

BEGIN
{
	trace(strlne("x")); /* error: D_FUNC_UNDEF */
}

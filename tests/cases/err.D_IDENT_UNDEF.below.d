/* A global variable is known from its first assignment on. */

BEGIN
{
	trace(x); /* error: D_IDENT_UNDEF */
}

BEGIN
{
	x = 1;
}

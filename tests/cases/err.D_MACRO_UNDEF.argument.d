/* $1 was not given. */

BEGIN
{
	trace($1); /* error: D_MACRO_UNDEF */
}

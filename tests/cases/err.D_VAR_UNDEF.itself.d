/* A variable is not yet there for the value that makes it. */

BEGIN
{
	x = x + 1; /* error: D_VAR_UNDEF */
}

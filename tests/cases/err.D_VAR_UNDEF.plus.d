/* An assignment that reads its variable does not make it: ++ does. */

BEGIN
{
	x += 1; /* error: D_VAR_UNDEF */
}

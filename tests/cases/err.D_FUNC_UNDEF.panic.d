/* panic() is refused by name. */

BEGIN
{
	panic(); /* error: D_FUNC_UNDEF */
}

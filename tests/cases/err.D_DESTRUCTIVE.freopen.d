/* Destructive actions need -w. */

BEGIN
{
	freopen("x"); /* error: D_DESTRUCTIVE */
}

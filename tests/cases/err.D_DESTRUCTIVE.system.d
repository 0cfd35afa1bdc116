/* Destructive actions need -w. */

BEGIN
{
	system("id"); /* error: D_DESTRUCTIVE */
}

/* Destructive actions need -w. */

BEGIN
{
	chill(1); /* error: D_DESTRUCTIVE */
}

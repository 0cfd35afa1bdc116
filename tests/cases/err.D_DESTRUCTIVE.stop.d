/* Destructive actions need -w. */

BEGIN
{
	stop(); /* error: D_DESTRUCTIVE */
}

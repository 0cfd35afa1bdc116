/* Destructive actions need -w. */

BEGIN
{
	ftruncate(); /* error: D_DESTRUCTIVE */
}

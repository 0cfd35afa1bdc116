/* Destructive actions need -w. */

BEGIN
{
	raise(9); /* error: D_DESTRUCTIVE */
}

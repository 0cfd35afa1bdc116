/* Destructive actions need -w. */

BEGIN
{
	breakpoint(); /* error: D_DESTRUCTIVE */
}

/* Destructive actions need -w. */

BEGIN
{
	panic(); /* error: D_DESTRUCTIVE */
}

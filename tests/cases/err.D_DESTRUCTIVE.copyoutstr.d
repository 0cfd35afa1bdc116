/* Destructive actions need -w. */

BEGIN
{
	copyoutstr("x", 0, 0); /* error: D_DESTRUCTIVE */
}

/* Destructive actions need -w. */

BEGIN
{
	copyout(0, 0, 0); /* error: D_DESTRUCTIVE */
}

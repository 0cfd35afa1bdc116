/* clear() takes one argument. */

BEGIN
{
	@a = count();
	clear(@a, 3); /* error: D_CLEAR_PROTO */
}

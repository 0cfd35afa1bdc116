/* BEGIN has no arguments to read: no silent 0. */

BEGIN
{
	trace(arg0); /* error: D_ARGS_NONE */
}

/* Strings cannot be added. */

BEGIN
{
	trace("a" + 1); /* error: D_OP_ARITH */
}

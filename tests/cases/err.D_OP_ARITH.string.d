/* Strings cannot be multiplied. */

BEGIN
{
	trace("a" * 1); /* error: D_OP_ARITH */
}

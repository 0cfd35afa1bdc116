/* Pointers cannot be multiplied. */

BEGIN
{
	trace((char *)1 * 2); /* error: D_OP_ARITH */
}

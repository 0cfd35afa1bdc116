/* The test of '?:' is a number. */

BEGIN
{
	trace(*curthread ? 1 : 2); /* error: D_OP_SCALAR */
}

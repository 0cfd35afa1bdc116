/* '!' needs a number. */

BEGIN
{
	trace(!*curthread); /* error: D_OP_SCALAR */
}

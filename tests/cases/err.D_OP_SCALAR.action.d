/* An action is no operand of &&. */

BEGIN
{
	x = 1;
	x && trace(x); /* error: D_OP_SCALAR */
}

/* What '?:' between two actions gives is no value. */

BEGIN
{
	x = 1;
	y = x ? trace(1) : trace(2); /* error: D_OP_ACT */
}

/* The branches of '?:' have one type. */

BEGIN
{
	x = 1;
	trace(x ? 1 : "a"); /* error: D_OP_INCOMPAT */
}

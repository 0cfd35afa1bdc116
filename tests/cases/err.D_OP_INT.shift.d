/* '<<' needs integers. */

BEGIN
{
	trace("a" << 1); /* error: D_OP_INT */
}

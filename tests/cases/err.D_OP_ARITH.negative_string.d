/* '-' needs an integer. */

BEGIN
{
	trace(-"a"); /* error: D_OP_ARITH */
}

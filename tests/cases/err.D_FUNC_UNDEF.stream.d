/* What Linux does not tell is refused with the reason. */

BEGIN
{
	trace(msgsize(0)); /* error: D_FUNC_UNDEF */
}
